# SPDX-License-Identifier: GPL-2.0-or-later
"""The built emu from outside: error texts and exit status, the terminal given
back, signals, the monitor on a terminal."""
import os
import pty
import select
import signal
import subprocess
import sys
import tempfile
import termios
import time

EMU = os.path.abspath(sys.argv[1])

# Arguments, what stderr must have. All end with status 1 and an empty stdout.
BAD = [
    (['-machin', 'none'], "emu: -machin: unknown option; did you mean '-machine'?"),
    (['-M', 'noone'], "did you mean 'none'?"),
    (['-M', 'none', '-m', '12Q'], "emu: -m 12Q: "),
    (['-M', 'none', '-drive', 'file=/nonexistent'], 'No such file or directory'),
    (['-M', 'none', '-drive', 'file=x,iff=ide'], "did you mean 'if'?"),
    (['-M', 'none', '-hda', '/'], 'Is a directory'),
    (['-M', 'none', '-device', 'nosuch'], "device 'nosuch' is unknown"),
    (['-M', 'none', '-device', 'isa-serial,idnex=1'], "did you mean 'index'?"),
    (['-M', 'none', '-device', 'isa-serial'], 'no ISA bus'),
    (['-M', 'none', '-serial', 'stdoi'], "did you mean 'stdio'?"),
    (['-M', 'none', '-serial', 'chardev:x'], "no chardev 'x'"),
    (['-M', 'none', '-mon', 'x'], "no chardev 'x'"),
    (['-M', 'none', '-serial', 'stdio', '-monitor', 'stdio'], 'already in use'),
    (['-M', 'none', '-chardev', 'null,id=a', '-chardev', 'null,id=a'], "'a' already"),
    (['-M', 'none', '-chardev', 'socket,id=a,path=/nonexistent/s'], '/nonexistent/s'),
    (['-M', 'none', '-cpu', 'nosuch'], 'nosuch'),
    (['-M', 'none', '-object', 'rng-randm,id=a'], "did you mean 'rng-random'?"),
    (['-M', 'none', '-object', 'rng-random,id=a,filename=/nonexistent'], "'/nonexistent'"),
    (['-M', 'none', '-nodefaults', '-pidfile', '/nonexistent/p'], '/nonexistent/p'),
    (['-accel', 'kvm,stap=off', '-accel', 'tcg,stap=off'], "did you mean 'step'?"),
    (['-accel', 'tcg', '-cpu', 'host'], "'host' needs KVM"),
    (['-M', 'none', '-qmp', 'unix:/nosuch/dir/socket'], '-qmp unix:/nosuch/dir/socket: '),
]

GOOD = [
    (['-version'], 'emu version '),
    (['-version', '-v'], 'glib'),
    (['-help'], 'usage: emu'),
    (['--help'], '-drive'),
    (['-M', 'help'], 'none'),
    (['-device', 'help'], 'isa-serial'),
    (['-device', 'isa-serial,help'], 'chardev'),
    (['-cpu', 'help'], 'qemu64'),
    (['-chardev', 'help'], 'socket'),
    (['-object', 'help'], 'rng-random'),
    (['-d', 'help'], 'guest_errors'),
]

failures = []


def check(ok, what):
    if not ok:
        failures.append(what)
        print('FAILED:', what)


def run(args):
    return subprocess.run([EMU] + args, capture_output=True, text=True, timeout=20,
                          stdin=subprocess.DEVNULL)


def test_errors():
    for args, text in BAD:
        r = run(args)
        check(r.returncode == 1 and text in r.stderr and not r.stdout,
              f'{args}: status {r.returncode}, stderr {r.stderr!r}, stdout {r.stdout!r}')
        check(r.stderr.count('\n') == 1 or 'no window' in r.stderr, f'{args}: one line: {r.stderr!r}')


def test_help():
    for args, text in GOOD:
        r = run(args)
        check(r.returncode == 0 and text in r.stdout,
              f'{args}: status {r.returncode}, stdout {r.stdout!r}, stderr {r.stderr!r}')


class Terminal:
    """emu on a pty."""

    def __init__(self, args):
        self.master, self.slave = pty.openpty()
        self.before = termios.tcgetattr(self.slave)
        self.proc = subprocess.Popen([EMU] + args, stdin=self.slave, stdout=self.slave,
                                     stderr=self.slave, start_new_session=True)
        self.text = ''

    def expect(self, text):
        end = time.monotonic() + 10
        while text not in self.text and time.monotonic() < end:
            if select.select([self.master], [], [], 0.1)[0]:
                self.text += os.read(self.master, 4096).decode(errors='replace')
        check(text in self.text, f'{text!r} in {self.text!r}')
        self.text = self.text.partition(text)[2]

    def send(self, text):
        os.write(self.master, text.encode())

    def end(self, status):
        try:
            got = self.proc.wait(10)
        except subprocess.TimeoutExpired:
            self.proc.kill()
            got = 'none: it hangs'
        check(got == status, f'status {got}, not {status}')
        check(termios.tcgetattr(self.slave) == self.before, 'the terminal is as it was')
        os.close(self.master)
        os.close(self.slave)


def test_terminal():
    t = Terminal(['-M', 'none', '-nographic'])
    t.expect('(qemu) ')
    check(not termios.tcgetattr(t.slave)[3] & termios.ICANON, 'the terminal is raw')
    t.send('info sta\t\r')
    t.expect('VM status: running')
    t.send('stop\rinfo status\r')
    t.expect('VM status: paused\r')
    t.send('\x01h')
    t.expect('exit emulator')
    t.send('\x01x')
    t.end(0)


def test_quit():
    t = Terminal(['-M', 'none', '-monitor', 'stdio', '-display', 'none', '-S'])
    t.expect('(qemu) ')
    t.send('info status\r')
    t.expect('paused (prelaunch)')
    t.send('quit\r')
    t.end(0)


def test_signals():
    for sig in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        t = Terminal(['-M', 'none', '-nographic'])
        t.expect('(qemu) ')
        t.send('info status\r')
        t.expect('running')
        t.proc.send_signal(sig)
        t.expect(f'terminating on signal {int(sig)}')
        t.end(0)


def test_crash_restores():
    t = Terminal(['-M', 'none', '-nographic'])
    t.expect('(qemu) ')
    t.proc.send_signal(signal.SIGABRT)
    t.end(-signal.SIGABRT)


def test_background():
    with tempfile.TemporaryDirectory() as d:
        pid, sock = f'{d}/pid', f'{d}/mon'
        args = ['-M', 'none', '-display', 'none', '-daemonize', '-pidfile', pid,
                '-monitor', f'unix:{sock},server=on,wait=off']
        r = run(args)
        check(r.returncode == 0, f'-daemonize: {r.returncode} {r.stderr}')
        r2 = run(args)
        check(r2.returncode == 1 and 'process that runs' in r2.stderr, f'pid file: {r2.stderr!r}')
        with open(pid) as f:
            number = int(f.read())
        os.kill(number, signal.SIGTERM)
        end = time.monotonic() + 10
        while os.path.exists(pid) and time.monotonic() < end:
            time.sleep(0.05)
        check(not os.path.exists(pid), 'the pid file is gone')
        check(not os.path.exists(sock), 'the socket is gone')
        bad = run(['-M', 'none', '-display', 'none', '-daemonize', '-hda', '/nonexistent'])
        check(bad.returncode == 1, f'-daemonize with a bad drive: {bad.returncode}')


for name, test in list(globals().items()):
    if name.startswith('test_'):
        print(name)
        test()
print(f'{len(failures)} failures')
sys.exit(1 if failures else 0)
