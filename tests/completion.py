#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the completion scripts offer, asked of the shells. Usage: completion.py PROGRAM..."""
import os
import shutil
import subprocess
import sys
import tempfile

from tap import claim, done, skip

PROGRAMS = {os.path.basename(p): os.path.abspath(p) for p in sys.argv[1:]}


def script(program, shell):
    path = f"{program}.{shell}"
    with open(path, "wb") as f:
        subprocess.run([PROGRAMS[program], f"--completion={shell}"], stdout=f, check=True)
    return path


def run(*command):
    p = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                       stdin=subprocess.DEVNULL)
    return p.stdout.splitlines()


def bash(*words):
    """What bash would offer for the last word."""
    return run("bash", "--norc", "-c", """
        . "$1"
        shift
        COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
        "_$1"
        printf '%s\\n' "${COMPREPLY[@]}" """, "bash", script(words[0], "bash"), *words)


def fish(*words):
    lines = run("fish", "--no-config", "-c",
                f"source {script(words[0], 'fish')}; complete -C '{' '.join(words)}'")
    return [line.split("\t")[0] for line in lines]


def zsh(*words):
    """The specifications that the script hands to _arguments, words without their descriptions."""
    return run("zsh", "-f", "-c", """
        compdef() { }
        _arguments() { for spec; do print -r -- "${spec%%\\[*}"; done }
        script=$1; shift
        words=("$@") CURRENT=$#
        . ./$script
        _$1 """, "zsh", script(words[0], "zsh"), *words)


with tempfile.TemporaryDirectory() as directory:
    os.chdir(directory)
    open("a trace.tar", "w").close()
    options = bash("schedreport", "assert", "-")
    claim("--junit" in options and "--sort" not in options,
          "bash is offered the options of the command, and no others", options)
    offered = bash("schedreport", "")
    claim({"list", "latency", "a trace.tar"} <= set(offered),
          "bash is offered commands, analyses and files", offered)
    claim(bash("schedreport", "-f", "j") == ["json"] == bash("schedreport", "--format", "=", "j"),
          "bash is offered the values of an option, after a space and after =")
    claim("latency" in bash("schedreport", "--table", "list", "la"),
          "the argument of an option is no command")
    if "schedrec" in PROGRAMS:
        orders = bash("schedrec", "ctl", "")
        claim({"register", "unregister", "status", "save"} <= set(orders),
              "bash is offered a recorder's orders", orders)
        claim("--strict" not in bash("schedrec", "ls", "--") and "ls" in bash("schedrec", "-q", "l"),
              "behind the recorded command's name its own words are completed")
    if shutil.which("fish"):
        options = fish("schedreport", "assert", "--")
        claim("--junit" in options and "--sort" not in options,
              "fish is offered the options of the command, and no others", options)
        offered = fish("schedreport", "l")
        claim({"list", "latency"} <= set(offered), "fish is offered commands and analyses", offered)
    else:
        skip("fish is offered options, commands and analyses", "fish is not installed")
    if shutil.which("zsh"):
        specs = zsh("schedreport", "assert", "")
        claim("--junit=" in specs and not any("--sort" in s for s in specs),
              "zsh is offered the options of the command, and no others", specs)
        specs = zsh("schedreport", "")
        claim("(-f --format)-f+" in specs and "(-f --format)--format=" in specs,
              "zsh is offered the letters of options", specs)
    else:
        skip("zsh is offered the options of a command", "zsh is not installed")
done()
