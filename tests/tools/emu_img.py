#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""emu-img from outside, and against qemu-img where that is installed.

usage: emu_img.py EMU_IMG. TAP on stdout. Every image that one tool makes is
checked, compared and mapped by the other.
"""
import fcntl
import json
import os
import random
import shutil
import struct
import subprocess
import sys
import tempfile

EMU = sys.argv[1]
QEMU = shutil.which('qemu-img')
IO = shutil.which('qemu-io')
MiB = 1 << 20


class Failed(Exception):
    pass


def run(*args, rc=0):
    p = subprocess.run([str(a) for a in args], capture_output=True, text=True,
                       timeout=300)
    if rc is not None and p.returncode != rc:
        raise Failed(f'{" ".join(map(str, args))}: exit {p.returncode}, '
                     f'not {rc}\n{p.stdout}{p.stderr}')
    return p.stdout


def run_err(*args, rc=1):
    p = subprocess.run([str(a) for a in args], capture_output=True, text=True,
                       timeout=300)
    if p.returncode != rc:
        raise Failed(f'{args}: exit {p.returncode}, not {rc}\n{p.stderr}')
    return p.stderr


def expect(cond, what):
    if not cond:
        raise Failed(what)


def make_raw(path, size=20 * MiB, seed=1):
    """Data, zeroes and holes in pieces of odd sizes."""
    rnd = random.Random(seed)
    with open(path, 'wb') as f:
        f.truncate(size)
        pos = 0
        while pos < size:
            n = min(rnd.choice([512, 4096, 65536, 300000, 2 * MiB]), size - pos)
            kind = rnd.randrange(4)
            f.seek(pos)
            if kind == 0:
                f.write(rnd.randbytes(n))
            elif kind == 1:
                f.write(b'emu ' * (n // 4))
            elif kind == 2:
                f.write(bytes(n))
            pos += n
    return path


def sane(image):
    """Clean for both tools."""
    run(EMU, 'check', image)
    if QEMU:
        run(QEMU, 'check', image)


def same(a, b):
    run(EMU, 'compare', a, b)
    if QEMU:
        run(QEMU, 'compare', a, b)


def map_of(tool, image):
    """Extents without what the tools may see differently: holes of hosts."""
    return [(e['start'], e['length'], e['depth'], e['zero'], e.get('offset'))
            for e in json.loads(run(tool, 'map', '--output=json', image))]


VARIANTS = ['', 'compat=0.10', 'cluster_size=512', 'cluster_size=4k',
            'cluster_size=2M', 'refcount_bits=1', 'refcount_bits=64',
            'lazy_refcounts=on,cluster_size=4k', 'compression_type=zstd',
            'preallocation=metadata', 'preallocation=falloc,cluster_size=8k']


def test_create_convert(dir):
    src = make_raw(f'{dir}/src.raw')
    for i, o in enumerate(VARIANTS):
        out = f'{dir}/v{i}.qcow2'
        opts = ['-o', o] if o else []
        run(EMU, 'convert', '-O', 'qcow2', *opts, src, out)
        sane(out)
        same(src, out)
        run(EMU, 'convert', '-O', 'raw', out, f'{dir}/back.raw')
        same(src, f'{dir}/back.raw')
        with open(src, 'rb') as a, open(f'{dir}/back.raw', 'rb') as b:
            expect(a.read() == b.read(), f'content differs ({o})')


def test_compressed(dir):
    src = make_raw(f'{dir}/src.raw', seed=2)
    for o in ['', 'compression_type=zstd', 'cluster_size=512',
              'cluster_size=2M', 'compat=0.10', 'refcount_bits=1']:
        opts = ['-o', o] if o else []
        out = f'{dir}/c.qcow2'
        run(EMU, 'convert', '-c', '-O', 'qcow2', *opts, src, out)
        sane(out)
        same(src, out)
        if not QEMU:
            continue
        run(QEMU, 'convert', '-c', '-O', 'qcow2', *opts, src, out)
        sane(out)
        same(src, out)
        run(IO, '-c', 'write -P 7 100k 300k', out)
        run(EMU, 'convert', '-O', 'qcow2', out, f'{dir}/d.qcow2')
        same(out, f'{dir}/d.qcow2')
        run(EMU, 'check', out)


def test_backing(dir):
    base = make_raw(f'{dir}/base.raw', 9 * MiB + 512, seed=3)
    run(EMU, 'convert', '-O', 'qcow2', base, f'{dir}/base.qcow2')
    run(EMU, 'create', '-f', 'qcow2', '-b', 'base.qcow2', '-F', 'qcow2',
        f'{dir}/top.qcow2', '12M')
    info = json.loads(run(EMU, 'info', '--output=json', f'{dir}/top.qcow2'))
    expect(info['backing-filename'] == 'base.qcow2', info)
    expect(info['full-backing-filename'] == f'{dir}/base.qcow2', info)
    expect(info['virtual-size'] == 12 * MiB, info)
    chain = json.loads(run(EMU, 'info', '--output=json', '--backing-chain',
                           f'{dir}/top.qcow2'))
    expect(len(chain) == 2, chain)
    run(EMU, 'convert', '-O', 'qcow2', '-B', 'base.qcow2', '-F', 'qcow2',
        f'{dir}/top.qcow2', f'{dir}/copy.qcow2')
    same(f'{dir}/top.qcow2', f'{dir}/copy.qcow2')
    if not QEMU:
        return
    run(IO, '-c', 'write -P 3 1M 64k', '-c', 'write -z 2M 1M',
        '-c', 'write -P 9 11M 1000', f'{dir}/top.qcow2')
    expect(map_of(EMU, f'{dir}/top.qcow2') == map_of(QEMU, f'{dir}/top.qcow2'),
           'maps differ')
    run(EMU, 'convert', '-O', 'qcow2', '-B', 'base.qcow2', '-F', 'qcow2',
        f'{dir}/top.qcow2', f'{dir}/copy.qcow2')
    same(f'{dir}/top.qcow2', f'{dir}/copy.qcow2')
    run(EMU, 'convert', '-O', 'raw', f'{dir}/top.qcow2', f'{dir}/flat.raw')
    same(f'{dir}/top.qcow2', f'{dir}/flat.raw')


def test_backing_refused(dir):
    run(EMU, 'create', '-q', '-f', 'qcow2', f'{dir}/a.qcow2', '1M')
    err = run_err(EMU, 'create', '-f', 'qcow2', '-b', 'a.qcow2',
                  f'{dir}/b.qcow2')
    expect('without backing format' in err, err)
    run(EMU, 'create', '-q', '-u', '-f', 'qcow2', '-b', 'loop.qcow2', '-F',
        'qcow2', f'{dir}/loop.qcow2', '1M')
    err = run_err(EMU, 'info', '--backing-chain', f'{dir}/loop.qcow2')
    expect('its own backing file' in err, err)
    run(EMU, 'info', f'{dir}/loop.qcow2')
    run(EMU, 'create', '-q', '-u', '-f', 'qcow2', '-b', 'gone', '-F', 'raw',
        f'{dir}/gone.qcow2', '1M')
    err = run_err(EMU, 'map', f'{dir}/gone.qcow2')
    expect('No such file' in err, err)


def test_against_qemu_io(dir):
    """QEMU writes at random; we read the same, and the other way round."""
    if not IO:
        return 'qemu-io is not installed'
    rnd = random.Random(5)
    for o in ['cluster_size=64k', 'cluster_size=512', 'compat=0.10',
              'cluster_size=4k,lazy_refcounts=on,refcount_bits=2']:
        img = f'{dir}/q.qcow2'
        run(EMU, 'create', '-q', '-f', 'qcow2', '-o', o, img, '16M')
        cmds = []
        for i in range(40):
            off = rnd.randrange(0, 15 * MiB) & ~511
            n = rnd.choice([512, 4096, 70000 & ~511, 512 * 1024])
            op = rnd.choice(['write -P %d' % rnd.randrange(256), 'write -z',
                             'write -zu', 'discard'])
            cmds += ['-c', f'{op} {off} {n}']
        run(IO, *cmds, img)
        sane(img)
        run(EMU, 'convert', '-O', 'raw', img, f'{dir}/e.raw')
        run(QEMU, 'convert', '-O', 'raw', img, f'{dir}/q.raw')
        with open(f'{dir}/e.raw', 'rb') as a, open(f'{dir}/q.raw', 'rb') as b:
            expect(a.read() == b.read(), f'content differs ({o})')
        expect(map_of(EMU, img) == map_of(QEMU, img), f'maps differ ({o})')


def test_internal_snapshots(dir):
    """Writes leave an internal snapshot's content alone."""
    if not IO:
        return 'qemu-io is not installed'
    img, src = f'{dir}/s.qcow2', make_raw(f'{dir}/s.raw', 5 * MiB, seed=6)
    run(QEMU, 'convert', '-O', 'qcow2', src, img)
    run(QEMU, 'snapshot', '-c', 'one', img)
    expect('one' in run(EMU, 'info', img), 'snapshot is not listed')
    over = make_raw(f'{dir}/t.raw', 5 * MiB, seed=7)
    run(EMU, 'convert', '-n', '-O', 'qcow2', over, img)
    sane(img)
    same(img, over)
    run(QEMU, 'snapshot', '-a', 'one', img)
    same(img, src)
    run(QEMU, 'snapshot', '-d', 'one', img)
    sane(img)


def test_check_and_repair(dir):
    img, src = f'{dir}/r.qcow2', make_raw(f'{dir}/r.raw', 5 * MiB, seed=8)
    run(EMU, 'convert', '-O', 'qcow2', src, img)
    clean = open(img, 'rb').read()
    with open(img, 'r+b') as f:  # refcount of cluster 6 and of one behind
        f.seek(2 * 65536 + 12)
        f.write(struct.pack('>H', 0))
        f.seek(2 * 65536 + 2 * 400)
        f.write(struct.pack('>H', 1))
    err = run_err(EMU, 'check', img, rc=2)
    expect('ERROR cluster 6 refcount=0 reference=1' in err, err)
    report = json.loads(run(EMU, 'check', '--output=json', img, rc=2))
    expect(report['corruptions'] == 1 and report['leaks'] == 1, report)
    if QEMU:
        theirs = json.loads(run(QEMU, 'check', '--output=json', img, rc=2))
        for key in ('allocated-clusters', 'total-clusters',
                    'image-end-offset'):
            expect(report[key] == theirs[key], (key, report, theirs))
    run(EMU, 'check', '-r', 'leaks', img, rc=2)
    run(EMU, 'check', '-r', 'all', img)
    sane(img)
    same(img, src)
    open(img, 'wb').write(clean)
    sane(img)
    run_err(EMU, 'check', src, rc=63)
    run_err(EMU, 'check', f'{dir}/none', rc=1)


def test_dirty(dir):
    """A lazy image that QEMU left dirty is mended when it is opened."""
    if not IO:
        return 'qemu-io is not installed'
    img = f'{dir}/l.qcow2'
    run(EMU, 'create', '-q', '-f', 'qcow2', '-o',
        'lazy_refcounts=on,cluster_size=4k', img, '8M')
    run(IO, '-c', 'write -P 5 0 1M', '-c', 'flush', '-c', 'abort', img,
        rc=None)
    info = json.loads(run(EMU, 'info', '--output=json', img))
    expect(info['dirty-flag'], 'not dirty')
    run(EMU, 'resize', img, '+1M')
    sane(img)
    info = json.loads(run(EMU, 'info', '--output=json', img))
    expect(not info['dirty-flag'], 'still dirty')
    run(IO, '-c', 'read -P 5 0 1M', img)


def test_info(dir):
    img = f'{dir}/i.qcow2'
    run(EMU, 'create', '-q', '-f', 'qcow2', img, '1536M')
    if QEMU:
        for args in (['info'], ['info', '--output=json'],
                     ['info', '--output=json', '--backing-chain'],
                     ['map'], ['map', '--output=json'],
                     ['measure', '-O', 'qcow2'],
                     ['check'], ['check', '--output=json']):
            ours, theirs = run(EMU, *args, img), run(QEMU, *args, img)
            expect(ours == theirs, f'{args}:\n{ours}\n{theirs}')
    expect('virtual size: 1.5 GiB (1610612736 bytes)' in run(EMU, 'info', img),
           'size')


def test_compare(dir):
    a, b = f'{dir}/a.raw', f'{dir}/b.raw'
    for path, size in ((a, MiB), (b, 2 * MiB)):
        with open(path, 'wb') as f:
            f.truncate(size)
    expect('Images are identical' in run(EMU, 'compare', a, b), 'same')
    run(EMU, 'compare', '-s', a, b, rc=1)
    with open(b, 'r+b') as f:
        f.seek(MiB + 5)
        f.write(b'x')
    out = run(EMU, 'compare', a, b, rc=1)
    expect(f'offset {MiB + 5}!' in out, out)
    run_err(EMU, 'compare', a, f'{dir}/none', rc=2)


def test_resize(dir):
    img = f'{dir}/z.qcow2'
    run(EMU, 'create', '-q', '-f', 'qcow2', img, '10M')
    run(EMU, 'resize', img, '+30G')
    sane(img)
    expect('--shrink' in run_err(EMU, 'resize', img, '5M'), 'shrink')
    run(EMU, 'resize', '--shrink', img, '-30G')
    sane(img)
    info = json.loads(run(EMU, 'info', '--output=json', img))
    expect(info['virtual-size'] == 10 * MiB, info)
    run_err(EMU, 'resize', img, '1000')


def test_locks(dir):
    """A writer keeps readers out, and -U looks nevertheless."""
    img = f'{dir}/k.qcow2'
    run(EMU, 'create', '-q', '-f', 'qcow2', img, '1M')
    with open(img, 'r+b') as f:
        for byte in (101, 201):  # as a writer that shares nothing
            fcntl.fcntl(f, 37, struct.pack('hhqqi4x', fcntl.F_RDLCK, 0, byte,
                                           1, 0))
        err = run_err(EMU, 'info', img)
        expect('Failed to get shared "write" lock' in err, err)
        expect('Is another process using the image' in err, err)
        expect(f'process {os.getpid()}' in err, err)
        run(EMU, 'info', '-U', img)
        err = run_err(EMU, 'resize', img, '2M')
        expect('Failed to get "write" lock' in err, err)


def test_full_disk(dir):
    """A file size limit stands for a full disk: an error, no damage."""
    src = make_raw(f'{dir}/f.raw', 8 * MiB, seed=9)
    img = f'{dir}/f.qcow2'
    script = 'ulimit -f 2048; exec "$0" convert -S 0 -O qcow2 "$1" "$2"'
    p = subprocess.run(['bash', '-c', script, EMU, src, img],
                       capture_output=True, text=True)
    expect(p.returncode == 1 and 'File too large' in p.stderr, p.stderr)
    p = subprocess.run([EMU, 'check', img], capture_output=True, text=True)
    expect(p.returncode in (0, 3), p.stderr)


def test_misc_convert(dir):
    src = make_raw(f'{dir}/m.raw', 3 * MiB, seed=10)
    run(EMU, 'convert', '-O', 'qcow2', src, src, f'{dir}/two.qcow2')
    run(EMU, 'convert', '-W', '-O', 'raw', f'{dir}/two.qcow2', f'{dir}/two.raw')
    data = open(src, 'rb').read()
    expect(open(f'{dir}/two.raw', 'rb').read() == data + data, 'concatenation')
    out = run(EMU, 'convert', '-p', '-t', 'none', '-T', 'none', '-O', 'raw',
              src, f'{dir}/p.raw')
    expect('(100.00/100%)' in out, out)
    expect(open(f'{dir}/p.raw', 'rb').read() == data, 'direct')
    err = run_err(EMU, 'convert', '-O', 'qcow3', src, f'{dir}/x')
    expect("Unknown file format 'qcow3'" in err, err)
    err = run_err(EMU, 'covert', src)
    expect("did you mean 'convert'" in err, err)
    err = run_err(EMU, 'create', '-f', 'qcow2', '-o', 'cluster_sise=4k',
                  f'{dir}/x', '1M')
    expect('cluster_size' in err and not os.path.exists(f'{dir}/x'), err)


def main():
    tests = [(n, f) for n, f in globals().items() if n.startswith('test_')]
    print(f'1..{len(tests)}')
    if not QEMU:
        print('# qemu-img is not installed: nothing to compare with')
    bad = 0
    for i, (name, func) in enumerate(tests, 1):
        dir = tempfile.mkdtemp(prefix='emu-img-', dir='/var/tmp')
        try:
            skip = func(dir)
            print(f'ok {i} {name}' + (f' # SKIP {skip}' if skip else ''))
        except Failed as e:
            bad += 1
            print(f'not ok {i} {name}')
            print('\n'.join('# ' + line for line in str(e).split('\n')))
        finally:
            shutil.rmtree(dir)
        sys.stdout.flush()
    return bad != 0


sys.exit(main())
