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
                        "-fsyntax-only", "-I", SOURCE + "/libschedtrace", "-I", SOURCE, path], check=True)


def sessions(document):
    """(lines of the command, lines that it prints) of every $ in the document's code blocks."""
    for block in re.findall(r"^```\n(.*?)^```", read(document), re.M | re.S):
        if block.startswith("$ "):
            for text in re.split(r"^\$ ", block, flags=re.M)[1:]:
                lines = text.splitlines()
                n = 1
                while lines[n - 1].endswith("\\"):
                    n += 1
                yield "\n".join(lines[:n]), lines[n:]


def matches(printed, shown):
    """Is that what is shown, where a line "…" stands for any lines?"""
    pattern = "".join("(?:.*\n)*" if line == "…" else re.escape(line) + "\n" for line in shown)
    # How long a conversion took is another each time.
    pattern = re.sub(r"in\\ [\d.\\]+\\ s\\ \\\(.*?\\\)", r"in\\ \\S+\\ s\\ \\(.*\\)", pattern)
    return re.fullmatch(pattern, printed)


def check_output(p, shown, *about):
    """Messages stand among the other lines in any order, and may be left out."""
    errors = p.stderr.decode()
    for line in shown:
        if re.match(r"sched\w+: ", line):
            assert any(matches(e + "\n", [line]) for e in errors.splitlines()), (*about, errors)
    rest = [line for line in shown if not re.match(r"sched\w+: ", line)]
    assert matches(p.stdout.decode(), rest), (*about, p.stdout.decode())


@test
def commands_on_saved_recordings_print_what_the_documents_show():
    """Also the files that one command leaves for the next. Recordings are not repeated, nor what
    is asked of them."""
    names = ["README.md", "docs/tour.md", "docs/assert.md", "docs/queries.md"]
    environment = dict(os.environ, COLUMNS="100", LC_ALL="C.UTF-8",
                       PATH=":".join([os.path.dirname(os.path.abspath(p)) for p in PROGRAMS] +
                                     [os.environ["PATH"]]))
    for name in names:
        repeated = 0
        recorded = re.findall(r"^\$ schedrec .*-o (\w+)\.dat", read(name), re.M)
        with tempfile.TemporaryDirectory() as directory:
            os.symlink(SOURCE + "/examples", directory + "/examples")
            for command, shown in sessions(name):
                word = command.split()[0]
                if word == "cat" and not os.path.exists(directory + "/" + command[4:]):
                    with open(directory + "/" + command[4:], "w") as f:
                        f.writelines(line + "\n" for line in shown)
                inputs = [w for w in command.split() if w.split(".")[0] in recorded and
                          w.endswith((".dat", ".tar"))]
                if word not in ("schedreport", "schedconv") or inputs and not any(
                        os.path.exists(directory + "/" + w) for w in inputs):
                    continue
                p = subprocess.run(["bash", "-c", command], cwd=directory, env=environment,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   stdin=subprocess.DEVNULL)
                check_output(p, shown, name, command)
                repeated += 1
        assert repeated >= 1, name


@test
def the_readme_is_short_and_shows_a_picture_first():
    lines = read("README.md").splitlines()
    assert len(lines) <= 300, len(lines)
    assert any(line.startswith("![") for line in lines[:25])


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
