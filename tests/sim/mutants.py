#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Does the simulator bite?  Plant each bug of tests/sim/mutants/ into a copy of the tree and let it look.

    tests/sim/mutants.py            all of them, one after the other (some minutes)
    tests/sim/mutants.py NAME ...   only these
    tests/sim/mutants.py --tree     plant into the working tree's files instead of the last commit's

A bug counts as found when a seed of 1 .. its number in FOUND_WITHIN fails.  The copy without a bug must pass as many
seeds as the largest number there.  Exit code 1 when one is not found, 2 when a patch does not apply or build.
"""
import argparse
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
MUTANTS = ROOT / 'tests' / 'sim' / 'mutants'
HANGS_S = 300  # a mutant may also never end

# Seeds within which each must be found: a few times what it took when it was planted.
FOUND_WITHIN = {
    'answer-to-any-question': 300,
    'answer-with-any-id': 300,
    'attempt-without-time-out': 3000,
    'badcookie-is-an-answer': 200,
    'connection-stays-counted': 50,
    'cut-answer-cached': 2000,
    'do-not-in-the-key': 100,
    'edns-fallback-loops': 500,
    'flush-of-a-name-forgets-nothing': 1000,
    'followers-not-woken': 50,
    'hosts-file-compared-by-size': 1000,
    'hosts-table-freed-at-once': 300,
    'hosts-table-taken-twice': 300,
    'hosts-watch-not-stopped': 100,
    'late-hold-forgotten': 500,
    'no-failover': 5000,
    'no-tcp-after-cut': 100,
    'one-record-too-few': 100,
    'place-not-given-back': 2000,
    'plain-answer-kept-for-do': 200,
    'reload-keeps-any-cache': 300,
    'retired-socket-stays': 100,
    'retiring-port-without-generation': 1000,
    'serial-not-bumped': 20000,
    'stale-as-fresh': 100,
    'ttl-not-counted-down': 50,
    'verification-without-time-out': 1000,
}
DEFAULT = 10000  # a new one


def run(*args, **kw):
    return subprocess.run(args, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **kw)


def copy_tree(to, from_tree):
    if not from_tree and (ROOT / '.git').exists():
        archive = subprocess.run(['git', '-C', ROOT, 'archive', 'HEAD'], check=True, stdout=subprocess.PIPE)
        subprocess.run(['tar', 'x', '-C', to], input=archive.stdout, check=True)
        return
    for name in ('meson.build', 'meson_options.txt', 'src', 'scripts', 'tests', 'fuzz', 'bench'):
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, to / name, symlinks=True)
        elif source.exists():
            shutil.copy(source, to / name)


def build(to):
    done = run('ninja', '-j2', '-C', to / 'build', 'tests/sim/sim')
    return done.returncode == 0, done.stdout


def simulate(to, seeds):
    """The first seed that fails, or None; -1: it never ended or crashed."""
    try:
        done = run(to / 'build/tests/sim/sim', '--seeds', f'1-{seeds}', '--stories', '0', '--stop', timeout=HANGS_S)
    except subprocess.TimeoutExpired:
        return -1, 'never ends'
    wrong = [line for line in done.stdout.splitlines() if line.startswith('seed ')]
    if wrong:
        return int(re.match(r'seed (\d+)', wrong[0]).group(1)), wrong[0]
    return (-1, f'ends with {done.returncode}') if done.returncode else (None, '')


def plant(to, patch):
    done = run('patch', '-p1', '--no-backup-if-mismatch', '-r', '-', '-i', patch, cwd=to)
    return done.returncode == 0, done.stdout


def take_out(to, patch):
    run('patch', '-R', '-p1', '--no-backup-if-mismatch', '-r', '-', '-i', patch, cwd=to)


def try_one(to, patch):
    seeds = FOUND_WITHIN.get(patch.stem, DEFAULT)
    good, text = plant(to, patch)
    if not good:
        print(f'{patch.stem}: does not apply\n{text}')
        return 2
    good, text = build(to)
    if not good:
        print(f'{patch.stem}: does not build\n{text[-2000:]}')
        take_out(to, patch)
        return 2
    seed, how = simulate(to, seeds)
    take_out(to, patch)
    if seed is None:
        print(f'{patch.stem}: NOT FOUND within {seeds} seeds')
        return 1
    print(f'{patch.stem}: found ({how[:150]})', flush=True)
    return 0


def main():
    options = argparse.ArgumentParser()
    options.add_argument('names', nargs='*')
    options.add_argument('--tree', action='store_true')
    args = options.parse_args()
    patches = sorted(p for p in MUTANTS.glob('*.patch') if not args.names or p.stem in args.names)
    with tempfile.TemporaryDirectory(prefix='sim-mutants-') as name:
        to = pathlib.Path(name)
        copy_tree(to, args.tree)
        done = run('meson', 'setup', to / 'build', to)
        good, text = build(to) if done.returncode == 0 else (False, done.stdout)
        if not good:
            print(f'the tree does not build\n{text[-2000:]}')
            return 2
        seed, how = simulate(to, max(FOUND_WITHIN.values(), default=DEFAULT))
        if seed is not None:
            print(f'without a bug: {how}')
            return 1
        return max([try_one(to, patch) for patch in patches], default=0)


if __name__ == '__main__':
    sys.exit(main())
