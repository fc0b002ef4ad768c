# SPDX-License-Identifier: GPL-2.0-or-later
"""Builds what the guests run: Debian packages unpacked, the project's own
programs, input data; as a directory, for native runs, and as an initrd."""
import gzip
import lzma
import pathlib
import random
import shutil
import subprocess

PACKAGES = ("busybox-static gzip xz-utils zstd 7zip python3-minimal perl-base luajit sqlite3 "
            "cpp-12 mawk openssl coreutils dash sed libc6").split()
LIBRARIES = ["libssl-dev"]  # what the project's own programs are compiled with
UNUSED = ("usr/share/doc", "usr/share/man", "usr/share/locale", "usr/share/info", "usr/share/lintian",
          "usr/share/i18n", "usr/lib/x86_64-linux-gnu/gconv", "usr/lib/x86_64-linux-gnu/perl-base/unicore")
BACKPORTS = ("deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] "
             "http://deb.debian.org/debian bookworm{} main\n")
SOURCE = pathlib.Path(__file__).parent
FLAGS = ["-I", str(SOURCE.parent), "-O2", "-Wall", "-static"]


def run(*command, **options):
    done = subprocess.run(command, capture_output=True, text=True, **options)
    if done.returncode:
        raise RuntimeError(f"{' '.join(map(str, command))}: {done.stderr[-2000:]}")
    return done.stdout


def unpack(out, packages, options=()):
    """Packages with all that they depend on, as if nothing were installed."""
    debs = out.with_name(out.name + "-debs").resolve()
    (debs / "partial").mkdir(parents=True, exist_ok=True)
    run("apt-get", "-qq", "-y", "--no-install-recommends", "--download-only",
        "-o", "Dir::State::status=/dev/null", "-o", f"Dir::Cache::archives={debs}",
        "-o", "Debug::NoLocking=1", "-o", "APT::Sandbox::User=root", *options,
        "install", *packages)
    shutil.rmtree(out, ignore_errors=True)
    # In a merged tree /bin is a link: make the links before the packages.
    for name in ("bin", "sbin", "lib", "lib64"):
        (out / "usr" / name).mkdir(parents=True)
        (out / name).symlink_to(f"usr/{name}")
    for deb in sorted(debs.glob("*.deb")):
        tar = subprocess.Popen(["dpkg-deb", "--fsys-tarfile", deb], stdout=subprocess.PIPE)
        run("tar", "-x", "--keep-directory-symlink", "-C", out, stdin=tar.stdout)
        tar.wait()


def compile_programs(tree, obj):
    """One static program of all workloads; packed ones for two instruction sets."""
    obj.mkdir(parents=True, exist_ok=True)
    objects = []
    sets = {"sse2": ["-O3", "-ffast-math"], "avx2": ["-O3", "-ffast-math", "-mavx2", "-mfma"]}
    jobs = []
    for source in [SOURCE / "main.c", SOURCE / "runner.c", *sorted(SOURCE.glob("*/*.c"))]:
        kind = source.parent.name
        if kind in ("data", "crypto"):
            continue
        if kind == "packed":
            jobs += [(source, s, [f"-DBENCH_SET={s}", *o]) for s, o in sets.items()]
        else:
            jobs.append((source, "", ["-fno-tree-vectorize"] if kind == "float" else []))
    for source, suffix, options in jobs:
        target = obj / f"{source.parent.name}-{source.stem}{suffix}.o"
        run("gcc", *FLAGS, *options, "-c", source, "-o", target)
        objects.append(target)
    run("gcc", "-static", "-o", tree / "workloads", *objects, "-lm", "-lpthread")


def compile_crypto(tree, libraries):
    """A program of its own: starting it is part of what is measured, as with the commands of openssl."""
    include, lib = libraries / "usr/include", libraries / "usr/lib/x86_64-linux-gnu"
    run("gcc", *FLAGS, "-I", include, "-I", include / "x86_64-linux-gnu", SOURCE / "crypto/crypto.c",
        "-o", tree / "crypto", lib / "libcrypto.a")


def corpus(size):
    """Text with the statistics of text: words of uneven frequency, lines."""
    r = random.Random(1)
    words = ["".join(r.choice("etaoinshrdlucmfw") for _ in range(r.randint(1, 9))) for _ in range(3000)]
    out = []
    while size > 0:
        line = " ".join(words[int(r.paretovariate(0.7)) % 3000] for _ in range(r.randint(1, 14)))
        out.append(line.capitalize() + r.choice(["", ".", ",", ";", f" {r.randint(0, 9999)}"]) + "\n")
        size -= len(out[-1])
    return "".join(out).encode()


def write_data(tree):
    data = tree / "data"
    data.mkdir(exist_ok=True)
    for f in (SOURCE / "data").iterdir():
        shutil.copy(f, data)
    text = corpus(5 << 20)
    (data / "corpus").write_bytes(text)
    (data / "big").write_bytes(text * 19)
    (data / "corpus.gz").write_bytes(gzip.compress(text, mtime=0))
    (data / "corpus.xz").write_bytes(lzma.compress(text))
    zst = subprocess.run([*native(tree), "/usr/bin/zstd", "-q", "-c", "/data/corpus"],
                         capture_output=True, check=True)
    (data / "corpus.zst").write_bytes(zst.stdout)


def native(tree):
    """The command that runs another with the tree as its root; not only for root."""
    script = 'mount --rbind /dev "$0/dev"; mount --rbind /proc "$0/proc"; exec chroot "$0" "$@"'
    for prefix in (["unshare", "-m", "sh", "-c", script], ["unshare", "-rm", "sh", "-c", script], ["chroot"]):
        if subprocess.run([*prefix, tree, "/usr/bin/true"], capture_output=True).returncode == 0:
            return [*prefix, str(tree)]
    raise RuntimeError("cannot run programs in a tree: neither unshare nor chroot works")


def unpack_once(out, name, packages, unused=()):
    if not (out / f"{name}.done").exists():
        unpack(out / name, packages)
        for path in unused:
            shutil.rmtree(out / name / path, ignore_errors=True)
        (out / f"{name}.done").touch()
    return out / name


def build(out):
    """The tree, and initrd beside it."""
    tree = unpack_once(out, "tree", PACKAGES, UNUSED)
    libraries = unpack_once(out, "libraries", LIBRARIES)
    for name in ("dev", "proc", "sys", "tmp", "data"):
        (tree / name).mkdir(exist_ok=True)
    compile_programs(tree, out / "obj")
    compile_crypto(tree, libraries)
    write_data(tree)
    with open(out / "tree.cpio", "wb") as cpio:
        files = subprocess.Popen(["find", ".", "-xdev"], cwd=tree, stdout=subprocess.PIPE)
        subprocess.run(["cpio", "--quiet", "-o", "-H", "newc", "-R", "0:0"], cwd=tree,
                       stdin=files.stdout, stdout=cpio, check=True)
    return tree


def forget_modules(program):
    """Whatever QEMU_MODULE_DIR lacks is looked for in a fixed folder, where the
    installed QEMU's modules are: one of another build ends the program."""
    fixed = b"/usr/lib/x86_64-linux-gnu/qemu\0"
    text = program.read_bytes()
    if fixed in text:
        program.write_bytes(text.replace(fixed, b"/nonexistent".ljust(len(fixed), b"\0")))


def newer_qemu(out):
    """The command of QEMU from backports, unpacked; None where it is out of reach."""
    root = (out / "qemu").resolve()
    try:
        if not (out / "qemu.done").exists():
            apt = (out / "apt").resolve()
            (apt / "lists/partial").mkdir(parents=True, exist_ok=True)
            (apt / "sources.list").write_text(BACKPORTS.format("") + BACKPORTS.format("-backports"))
            options = ["-o", f"Dir::Etc::sourcelist={apt}/sources.list", "-o", "Dir::Etc::sourceparts=/dev/null",
                       "-o", f"Dir::State::lists={apt}/lists", "-o", f"Dir::Cache::pkgcache={apt}/p",
                       "-o", f"Dir::Cache::srcpkgcache={apt}/s", "-t", "bookworm-backports"]
            run("apt-get", "-qq", *options, "update")
            unpack(root, ["qemu-system-x86"], options)
            (out / "qemu.done").touch()
    except (RuntimeError, OSError) as e:
        print(f"bench: no newer QEMU: {e}")
        return None
    lib = f"{root}/usr/lib/x86_64-linux-gnu"
    forget_modules(root / "usr/bin/qemu-system-x86_64")
    return ["env", f"QEMU_MODULE_DIR={lib}/qemu", f"{root}/lib64/ld-linux-x86-64.so.2", "--library-path", f"{lib}:{lib}/pulseaudio",
            f"{root}/usr/bin/qemu-system-x86_64", "-L", f"{root}/usr/share/qemu",
            "-L", f"{root}/usr/share/seabios"]
