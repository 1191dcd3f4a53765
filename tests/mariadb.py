# SPDX-License-Identifier: LGPL-2.1-or-later
"""A MariaDB of a test's own: in a folder of its own, on a socket of its own, as nobody's service."""
import os
import shutil
import signal
import subprocess
import time

DAEMON = shutil.which("mariadbd") or next((p for p in ("/usr/sbin/mariadbd",) if os.path.exists(p)), None)


class Server:
    """In @folder, which must be short: a socket's path is. Its user u has the password p'"\\."""
    PASSWORD = "p'\"\\ #"

    def __init__(self, folder, *options):
        self.folder, self.options, self.process = folder, options, None
        self.socket = folder + "/s"
        os.makedirs(folder + "/data/mysql")
        os.makedirs(folder + "/data/test")
        # The tables of its own, as mariadb-install-db makes them.
        share = "/usr/share/mysql"
        parts = [open(f"{share}/{n}.sql", encoding="utf-8").read() for n in
                 ("mysql_system_tables", "mysql_performance_tables", "mysql_system_tables_data", "fill_help_tables")
                 if os.path.exists(f"{share}/{n}.sql") and n != "fill_help_tables"]
        quoted = self.PASSWORD.replace("\\", "\\\\").replace("'", "\\'")
        users = ("FLUSH PRIVILEGES;\n" + "".join(f"CREATE DATABASE {d} CHARACTER SET latin1;\n" for d in
                                          ("r", "arrays", "plain", "killed", "live")) +
                 f"CREATE USER u@'%' IDENTIFIED BY '{quoted}';\nGRANT ALL ON *.* TO u@'%';\n"
                 f"CREATE USER reader@'%' IDENTIFIED BY '{quoted}';\nGRANT SELECT ON *.* TO reader@'%';\n")
        r = subprocess.run([DAEMON, *self.common(), "--bootstrap", "--skip-networking"], text=True, capture_output=True,
                           input="CREATE DATABASE IF NOT EXISTS mysql;\nUSE mysql;\nSET @auth_root_socket = NULL;\n" +
                           "\n".join(parts) + "\n" + users, timeout=300)
        if r.returncode:
            raise RuntimeError(r.stderr[-2000:])

    def common(self):
        user = ["--user=root"] if os.geteuid() == 0 else []
        return ["--no-defaults", *user, f"--datadir={self.folder}/data", "--innodb-buffer-pool-size=64M",
                "--innodb-log-file-size=32M", "--skip-log-bin", "--loose-skip-performance-schema", *self.options]

    def start(self, *options):
        log = open(self.folder + "/log", "a")
        self.process = subprocess.Popen([DAEMON, *self.common(), f"--socket={self.socket}", f"--pid-file={self.folder}/pid",
                                         *(options or ["--skip-networking"])], stdin=subprocess.DEVNULL, stdout=log,
                                        stderr=log)
        end = time.monotonic() + 300
        while not os.path.exists(self.socket) and self.process.poll() is None and time.monotonic() < end:
            time.sleep(0.02)
        if not os.path.exists(self.socket):
            raise RuntimeError(open(self.folder + "/log").read()[-2000:])

    def stop(self, number=signal.SIGKILL):
        if self.process:
            self.process.send_signal(signal.SIGCONT)
            self.process.send_signal(number)
            self.process.wait()
        self.process = None
        if os.path.exists(self.socket):
            os.unlink(self.socket)

    def address(self, user="u", database="r", more=""):
        return f"mariadb://{user}@localhost/{database}?socket={self.socket}{more}"
