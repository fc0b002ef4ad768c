# SPDX-License-Identifier: GPL-2.0-or-later
"""What is measured: classes with their targets, and the commands of each.
The small programs' names come from `workloads`, those of real ones stand here."""
import subprocess

# class: (title, how many times faster than the better QEMU: must, aim)
CLASSES = {
    "integer": ("integer", 2.2, 3.5),
    "compression": ("compression", 2.2, 3.5),
    "real": ("real programs", 3, 6),
    "float": ("scalar FP", 8, 15),
    "packed": ("packed SSE/AVX", 25, 45),
    "x87": ("x87", 12, 25),
    "crypto": ("crypto", 12, 30),
    "strings": ("strings", 20, 50),
    "memory": ("memory", 1.5, 2.5),
    "system": ("system", 2.5, 5),
    "changing": ("changing code", 5, 20),
    "boot": ("boot", 1.7, 3),
}

# How many times the time of the native run; geometric means.
NATIVE = {"integer": 2.7, "real": 4.5, "packed": 2.5}

# RFC 3526, 2048-bit group: a prime, to raise to powers modulo it as RSA does.
PRIME = (
    "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22"
    "514A08798E3404DDEF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6"
    "F44C42E9A637ED6B0BFF5CB6F406B7EDEE386BFB5A899FA5AE9F24117C4B1FE649286651ECE45B3D"
    "C2007CB8A163BF0598DA48361C55D39A69163FA8FD24CF5F83655D23DCA3AD961C62F356208552BB"
    "9ED529077096966D670C354E4ABC9804F1746C08CA18217C32905E462E36CE3BE39E772C180E8603"
    "9B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF6955817183995497CEA956AE515D2261898FA0510"
    "15728E5A8AACAA68FFFFFFFFFFFFFFFF")


def repeat(times, command):
    return f"for i in {' '.join(map(str, range(times)))}; do {command}; done"


ENC = "-K 000102030405060708090a0b0c0d0e0f -in /data/big -out /dev/null"
PROGRAMS = {
    "compression": {
        "gzip": "gzip -6 -nc /data/corpus",
        "gunzip": repeat(5, "gzip -dc /data/corpus.gz"),
        "xz": "xz -1 -c /data/corpus",
        "unxz": repeat(3, "xz -dc /data/corpus.xz"),
        "zstd": "zstd -q -9 --single-thread -c /data/corpus",
        "unzstd": repeat(8, "zstd -q -dc /data/corpus.zst"),
        "7z": "7zz a -mmt1 -mx1 -txz -si -so x </data/corpus",
        "un7z": repeat(3, "7zz e -mmt1 -so /data/corpus.xz"),
    },
    "real": {
        "python3": "python3 -S /data/work.py",
        "perl": "perl /data/work.pl",
        "luajit": "luajit /data/work.lua",
        "luajit-interpreter": "luajit -joff /data/work.lua",
        "sqlite3": "sqlite3 :memory: </data/work.sql",
        "cc1": "/usr/lib/gcc/x86_64-linux-gnu/12/cc1 -quiet -O2 -fno-ident -isystem /data /data/work.c -o -",
        "sh": "sh /data/work.sh",
        "sort": repeat(4, "sort /data/corpus"),
        "awk": "mawk -f /data/work.awk /data/corpus",
    },
    "crypto": {
        "sha256": repeat(2, "openssl dgst -sha256 </data/big"),
        "aes-cbc": "openssl enc -aes-128-cbc -iv 00000000000000000000000000000000 " + ENC,
        "aes-ctr": repeat(3, "openssl enc -aes-128-ctr -iv 00000000000000000000000000000000 " + ENC),
        "chacha20": repeat(2, "openssl enc -chacha20 -iv 00000000000000000000000000000000 "
                              "-K 000102030405060708090a0b0c0d0e0f000102030405060708090a0b0c0d0e0f "
                              "-in /data/big -out /dev/null"),
        "rsa": f"openssl prime -checks 20 -hex {PRIME}",
        # bench/crypto/: the same in memory, as `openssl speed` has it.
        "m-sha256": "/crypto sha256 12000",
        "m-aes-cbc": "/crypto aes-128-cbc 9000",
        "m-aes-ctr": "/crypto aes-128-ctr 60000",
        "m-chacha20": "/crypto chacha20 20000",
        "m-rsa": "/crypto rsa 440 /data/rsa.pem",
    },
}


def commands(program):
    """class -> {name: command}; `program` lists the small ones."""
    table = {name: dict(PROGRAMS.get(name, {})) for name in CLASSES if name != "boot"}
    listed = subprocess.run([program], capture_output=True, text=True, check=True).stdout
    for line in listed.split("\n")[:-1]:
        kind, name = line.split()
        table[kind][name] = f"/workloads {name}"
    return table
