#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The documentation agrees with the programs. Usage: docs.py SOURCE-DIRECTORY CC PROGRAM..."""
import os
import re
import subprocess
import sys
import tempfile

SOURCE, CC, PROGRAMS = sys.argv[1], sys.argv[2].split(), sys.argv[3:]
tests = []


def test(f):
    tests.append(f)
    return f


def read(name):
    with open(os.path.join(SOURCE, name)) as f:
        return f.read()


def help_of(*words):
    return subprocess.run([*words, "--help"], stdout=subprocess.PIPE, check=True).stdout.decode()


def helps_of(program):
    """--help of the program and of each of its commands, by their names."""
    text = help_of(program)
    commands = re.findall(r"^(?:See| {3}) \w+ (\w+) --help$", text, re.M)
    return {"": text, **{command: help_of(program, command) for command in commands}}


def options_of(text):
    return set(re.findall(r"^ {2}(?:-\w, | {4})(--[a-z-]+)", text, re.M)) | set(
        re.findall(r"^ {2}(-\w), ", text, re.M))


@test
def every_option_stands_in_the_manual_page_and_every_one_there_exists():
    for program in PROGRAMS:
        name = os.path.basename(program)
        page = read("docs/man/%s.1" % name).replace("\\-", "-")
        headings = set(re.findall(r"^\.TP\n\.BR? (-.*)$", page, re.M))
        told = set(re.findall(r"(?<![\w-])--?[a-zA-Z][\w-]*", "\n".join(headings)))
        options = set().union(*map(options_of, helps_of(program).values()))
        assert len(options) > 8 and told == options, (name, told ^ options)


@test
def every_option_of_a_program_in_the_readme_exists():
    known = {os.path.basename(p): set().union(*map(options_of, helps_of(p).values()))
             for p in PROGRAMS}
    checked = 0
    for line in read("README.md").splitlines():
        for name, options in known.items():
            # A command line: up to the command that is recorded, a comment or a pipe.
            m = re.match(r"\s*(?:\$ )?(?:sudo )?(?:\./build/\w+/)?%s((?: [^#|]+)?)" % name, line)
            if not m:
                continue
            words = m.group(1).split(" -- ")[0]
            for option in re.findall(r"(?<![\w-])--?[a-zA-Z][\w-]*", re.sub(r"'[^']*'", "", words)):
                if option.startswith("-") and " --sort " + option in words:
                    continue   # a column, descending
                assert option in options, (line, option)
                checked += 1
    assert checked >= 3, checked


@test
def every_link_between_the_documents_leads_somewhere():
    names = ["README.md"] + ["docs/" + n for n in os.listdir(os.path.join(SOURCE, "docs"))
                             if n.endswith(".md")]
    for name in names:
        for target in re.findall(r"\]\(([^)#]+)", read(name)):
            if "://" not in target:
                path = os.path.join(SOURCE, os.path.dirname(name), target)
                assert os.path.exists(path), (name, target)


@test
def the_analysis_in_adding_an_analysis_compiles_without_a_warning():
    code = re.search(r"^```c\n(.*?)^```", read("docs/adding-an-analysis.md"), re.M | re.S).group(1)
    with tempfile.TemporaryDirectory() as directory:
        path = directory + "/idles.c"
        with open(path, "w") as f:
            f.write(code)
        subprocess.run([*CC, "-std=gnu11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror",
                        "-Wno-unused-parameter", "-Wno-missing-field-initializers",
                        "-fsyntax-only", "-I", SOURCE + "/libschedtrace",
                        "-I", SOURCE + "/libschedtrace/analyses", path], check=True)


@test
def rules_give_what_the_documents_show():
    schedreport = next(p for p in PROGRAMS if os.path.basename(p) == "schedreport")
    build = SOURCE + "/examples/traces/build.tar"
    readme = re.search(r"\$ cat limits.rules\n(.*?)\$ schedreport assert limits.rules [^\n]*\n(.*?)```",
                       read("README.md"), re.S).groups()
    assert_md = re.search(r"\$ schedreport assert examples/kernel.rules [^\n]*\n(.*?)```",
                          read("docs/assert.md"), re.S).groups()
    for rules, shown in (readme, (SOURCE + "/examples/kernel.rules", *assert_md)):
        p = subprocess.run([schedreport, "assert", "-q", rules, build], stdout=subprocess.PIPE)
        assert p.returncode == 5 and p.stdout.decode() == shown, p.stdout.decode()


print("1..%d" % len(tests))
failed = 0
for number, f in enumerate(tests, 1):
    name = f.__name__.replace("_", " ")
    try:
        f()
        print("ok %d - %s" % (number, name))
    except Exception as e:   # an assertion, or a document of another shape
        failed = 1
        print("not ok %d - %s\n# %s: %s" % (number, name, type(e).__name__,
                                            str(e).replace("\n", "\n# ")))
sys.exit(failed)
