#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Requests in a MariaDB. Usage: requests-mariadb.py SCHEDVIEW SOURCE TEST-REQUEST-STORE"""
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import mariadb   # noqa: E402
from tap import claim, done   # noqa: E402

if not mariadb.DAEMON:
    print("1..0 # SKIP there is no mariadbd (Debian: mariadb-server-core)")
    sys.exit(0)
VIEW, STORE = (os.path.abspath(sys.argv[i]) for i in (1, 3))
MEMORY = os.path.join(os.path.abspath(sys.argv[2]), "examples/traces/memory.tar")
PASSWORD = mariadb.Server.PASSWORD


# What a row says of its time has the zone of who stored it.
ALONE = {**os.environ, "HOME": "/nonexistent", "TZ": "UTC-2"}


def run(*args, db, env=None, password=PASSWORD):
    e = {**ALONE, **(env or {})}
    e.pop("MYSQL_PWD", None)
    if password is not None:
        e["MYSQL_PWD"] = password
    return subprocess.run([VIEW, "requests", "--db", db, *args], capture_output=True, text=True, env=e, timeout=200)


with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
    os.chdir(folder)
    server = mariadb.Server(folder + "/m")
    try:
        server.start()
        run("--add", MEMORY, db="sqlite:r.db")
        expected = run("-f", "csv", db="sqlite:r.db").stdout
        sums = run("--sum", "-f", "csv", db="sqlite:r.db").stdout
        for words, more in (("arrays of rows", ""), ("plain statements", "&statements=plain")):
            # The claims of the program about any database, of this one.
            db = server.address(database="test" if more else "r", more=more)
            r = subprocess.run([STORE], env={**os.environ, "MYSQL_PWD": PASSWORD, "REQUEST_STORE": db,
                                             "CMOCKA_MESSAGE_OUTPUT": "TAP"}, capture_output=True, timeout=200)
            text = r.stdout.decode(errors="replace")
            for sentence in re.findall(r"^ok \d+ - (\w+)", text, re.M):
                claim(True, f"{words}: {sentence.replace('_', ' ')}")
            claim(r.returncode == 0 and "ok 6" in text, f"{words}: all of it", text, r.stderr.decode(errors="replace"))
            db = server.address(database="plain" if more else "arrays", more=more)
            r = run("--add", MEMORY, "--add", MEMORY, db=db)
            claim(r.returncode == 0 and "requests, 0 of them new" in r.stderr and run("-f", "csv", db=db).stdout == expected,
                  f"{words}: a recording's requests are those that SQLite has, each once", r.stderr)
            claim(run("--sum", "-f", "csv", db=db).stdout == sums, f"{words}: so are their sums")
            for filters in (["--name", "mem*", "--last", "7"], ["--call", "munmap", "--min-size", "8K"]):
                claim(run(*filters, "-f", "csv", db=db).stdout == run(*filters, "-f", "csv", db="sqlite:r.db").stdout,
                      f"{words}: so is what {' '.join(filters)} chooses")
        db = server.address(database="arrays")
        r = run("-f", "csv", "--min-size", "1", "--name", "*", db=server.address(user="reader", database="arrays"))
        claim(r.returncode == 0 and len(r.stdout) > 1000, "who may only read does so, without an index", r.stderr)

        # Passwords.
        secret = "s3cret"
        r = run(db=f"mariadb://u:{secret}@localhost/r?socket={server.socket}")
        claim(r.returncode == 2 and "password" in r.stderr and secret not in r.stderr, "a password in the address is refused",
              r.stderr)
        r = run(db=db, password="wrong")
        claim(r.returncode == 1 and "denied" in r.stderr.lower(), "a wrong one is told of", r.returncode, r.stderr)
        os.mkdir("home")
        with open("home/.my.cnf", "w") as f:
            f.write("[mysqld]\npassword = no\n[client]\nuser = x\npassword = \"" + PASSWORD + "\"\n[other]\npassword=no\n")
        os.chmod("home/.my.cnf", 0o600)
        home = {"HOME": folder + "/home"}
        r = run("--last", "1", "-f", "csv", db=db, env=home, password=None)
        claim(r.returncode == 0 and len(r.stdout.splitlines()) == 2, "it is found in the option file of the user", r.stderr)
        os.chmod("home/.my.cnf", 0o640)
        r = run("--last", "1", db=db, env=home, password=None)
        claim(r.returncode == 2 and "chmod 600" in r.stderr, "unless others may read that file", r.stderr)

        # Addresses.
        for address, word in (("mariadb:x", "USER@HOST"), ("mariadb://localhost/r", "no user"), ("mariadb://u@h", "no database"),
                              ("mariadb://u@h:x/r", "port"), ("mariadb://u@h/r?x=y", "socket=PATH")):
            r = run(db=address)
            claim(r.returncode == 2 and word in r.stderr, f"refused: {address}", r.stderr)
        r = run(db=server.address(database="nothing"))
        claim(r.returncode == 1 and "nothing" in r.stderr, "a database that is not there is told of", r.stderr)
        r = run(db=server.address(database="mysql"))
        claim(r.returncode == 3 and "holds no requests" in r.stderr, "so is one without requests", r.stderr)

        # Killed while rows come: a transaction is there whole or not at all.
        for pause in (0.05, 0.1, 0.2, 0.4):
            p = subprocess.Popen([VIEW, "requests", "--db", server.address(database="killed"), "--add", MEMORY],
                                 env={**ALONE, "MYSQL_PWD": PASSWORD}, stdout=subprocess.DEVNULL,
                                 stderr=subprocess.PIPE, text=True)
            time.sleep(pause)
            server.stop(signal.SIGKILL)
            p.communicate(timeout=200)
            server.start()
        r = run("--add", MEMORY, db=server.address(database="killed"))
        claim(r.returncode == 0 and run("-f", "csv", db=server.address(database="killed")).stdout == expected,
              "each row is there once after the server was killed at any moment", r.stderr)
        server.stop(signal.SIGTERM)
        r = run(db=db)
        claim(r.returncode == 1 and server.socket in r.stderr, "a server that is down is told of", r.stderr)

        # Another host: 127.0.0.2 is none of the names of this one.
        with socket.socket() as free:
            free.bind(("127.0.0.2", 0))
            port = free.getsockname()[1]
        server.start("--bind-address=127.0.0.2", f"--port={port}")
        r = run("--last", "1", db=f"mariadb://u@127.0.0.2:{port}/arrays")
        claim(r.returncode == 1 and ("TLS" in r.stderr or "SSL" in r.stderr), "another host must be asked through TLS",
              r.returncode, r.stderr)
    finally:
        server.stop()
done()
