"""Requests to a cloud: answers that are late, large, broken, refused, elsewhere; tokens that end; certificates; logins."""
import json
import os
import random
import signal
import ssl
import subprocess
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.environ["WEISS_SOURCE_ROOT"], "tests", "command"))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import harness  # noqa: E402
from clouds import SECRET, Cloud, fixed  # noqa: E402

TOOL = os.path.abspath(sys.argv.pop(1))
SERVERS = ("GET", "/compute/v2.1/servers/detail")
GROUPS = ("GET", "/compute/v2.1/os-server-groups")
FLAVORS = ("GET", "/compute/v2.1/flavors")


def uuid(n):
    return f"00000000-0000-4000-8000-{n:012d}"


class Case(harness.Case):
    def cloud(self, answers=None, **more):
        cloud = Cloud(answers, **more)
        self.addCleanup(cloud.close)
        return cloud

    def run_tool(self, *words, env, timeout=60):
        clean = {k: v for k, v in os.environ.items() if not k.startswith("OS_") and not k.lower().endswith("_proxy")}
        return subprocess.run([TOOL, *words], env={**clean, "HOME": self.path(""), **env}, cwd=self.path(""), capture_output=True,
                              text=True, timeout=timeout, check=False)

    def ask(self, cloud, *paths, env=None, timeout=60):
        return self.run_tool("ask", "compute", "GET", *(paths or ("/flavors",)), env={**cloud.environment(), **(env or {})},
                             timeout=timeout)

    def fails(self, result, *texts):
        """One line with the texts, and no secret in it."""
        said = result.stdout + result.stderr
        self.assertEqual(result.returncode, 1, said)
        self.assertEqual(said.count("\n"), 1, said)
        self.assertNotIn(SECRET, said)
        self.assertNotIn("token-1", said)
        for text in texts:
            self.assertIn(text, said)


class Requests(Case):
    def test_right(self):
        cloud = self.cloud({FLAVORS: fixed({"flavors": []})})
        result = self.ask(cloud, "/flavors", "/flavors?a=b")
        self.assertEqual(result.stdout, '{ "flavors": [ ] }\n' * 2, result.stderr)
        self.assertEqual([a[1] for a in cloud.asked], ["/identity/v3/auth/tokens", "/compute/v2.1/flavors",
                                                       "/compute/v2.1/flavors?a=b"])  # one token for both
        self.assertEqual(cloud.asked[1][3]["OpenStack-API-Version"], "compute 2.79")
        self.assertEqual(json.loads(cloud.asked[0][2])["auth"]["identity"]["application_credential"]["id"], "an-id")

    def test_password(self):
        cloud = self.cloud({FLAVORS: fixed({})})
        env = {"OS_AUTH_URL": cloud.url + "/identity/v3/", "OS_USERNAME": "u", "OS_PASSWORD": SECRET, "OS_PROJECT_NAME": "p",
               "OS_USER_DOMAIN_NAME": "Users"}
        self.assertEqual(self.run_tool("ask", "compute", "GET", "/flavors", env=env).stdout, "{ }\n")
        self.assertEqual(json.loads(cloud.asked[0][2])["auth"], {
            "identity": {"methods": ["password"],
                         "password": {"user": {"name": "u", "password": SECRET, "domain": {"name": "Users"}}}},
            "scope": {"project": {"name": "p", "domain": {"id": "default"}}}})

    def test_token_is_revoked(self):
        cloud = self.cloud()
        served = []

        def flavors(request):
            served.append(1)
            if len(served) == 1:
                cloud.revoked.add(cloud.tokens)  # as Keystone does when it is told to; the next request finds out
            return 200, {"n": len(served)}, {}
        cloud.answers[FLAVORS] = cloud.needs_token(flavors)
        result = self.ask(cloud, "/flavors", "/flavors")
        self.assertEqual(result.stdout, '{ "n": 1 }\n{ "n": 2 }\n')
        self.assertEqual(cloud.tokens, 2)

    def test_token_ends(self):
        """A token whose life is shorter than three requests: renewed before it ends, not after a refusal."""
        cloud = self.cloud(life=2)

        def slow(request):
            time.sleep(1)
            return 200, {}, {}
        cloud.answers[FLAVORS] = cloud.needs_token(slow)
        self.assertEqual(self.ask(cloud, *["/flavors"] * 4).stdout, "{ }\n" * 4)
        self.assertGreaterEqual(cloud.tokens, 2)
        refused = [a for a in cloud.asked if a[1].endswith("/flavors")]
        self.assertEqual(len(refused), 4)

    def test_always_refused(self):
        cloud = self.cloud({FLAVORS: fixed({"error": {"message": "never"}}, 401)})
        self.fails(self.ask(cloud), "401: never")
        self.assertEqual(cloud.tokens, 2)  # tried once more, not for ever

    def test_wrong_secret(self):
        cloud = self.cloud()
        self.fails(self.ask(cloud, env={"OS_APPLICATION_CREDENTIAL_SECRET": "wrong"}), "refuses the login",
                   "application credential is wrong")

    def test_statuses(self):
        for status, body, texts in (
                (404, {"itemNotFound": {"message": "Flavor x could not be found.", "code": 404}},
                 ("a file could not be read", "404: Flavor x could not be found.", "(request req-7)")),
                (403, {"forbidden": {"message": "Policy doesn't allow it"}}, ("a value is wrong", "role may not do that")),
                (409, {"conflictingRequest": {"message": "line\none\x1b[31m" + "x" * 5000}}, ("line one [31m", "...")),
                (500, b"<html>oops</html>", ("a peer failed", "500", "log of the service")),
                (503, {"error": {"message": "later"}}, ("a peer failed", "503: later")),
                (406, {"computeFault": {"message": "version"}}, ("release Train",)),
                (302, b"", ("elsewhere (302)",)), (200, b"not JSON", ("not JSON",)), (200, b'{"a": 1} x', ("not JSON",)),
                (200, b'{"a": "\xff"}', ("not JSON",)), (200, b"[" * 100000, ("not JSON",))):
            with self.subTest(status=status, body=body[:30] if isinstance(body, bytes) else body):
                cloud = self.cloud({FLAVORS: fixed(body, status, {"X-OpenStack-Request-ID": "req-7",
                                                                  "Location": "http://127.0.0.1:9/"})})
                self.fails(self.ask(cloud), *texts)
                self.assertEqual(len([a for a in cloud.asked if "flavors" in a[1]]), 1)

    def test_empty(self):
        self.assertEqual(self.ask(self.cloud({FLAVORS: fixed(None, 204)})).stdout, "null\n")

    def test_large(self):
        cloud = self.cloud({FLAVORS: fixed(b" " * (65 << 20))})
        self.fails(self.ask(cloud), "more than 64 MiB")
        cloud = self.cloud({FLAVORS: fixed(b'"' + b"x" * (20 << 20) + b'"')})
        self.assertEqual(len(self.ask(cloud).stdout), (20 << 20) + 3)

    def test_late(self):
        cloud = self.cloud({FLAVORS: lambda request: time.sleep(4) or (200, {}, {})})
        began = time.monotonic()
        self.fails(self.ask(cloud, env={"OS_API_TIMEOUT": "1"}), "does not answer in 1 s")
        self.assertLess(time.monotonic() - began, 3.5)

    def test_unreachable(self):
        cloud = self.cloud()
        self.fails(self.ask(cloud, env={"OS_AUTH_URL": "http://127.0.0.1:9/v3"}), "nothing answers there")
        self.fails(self.ask(cloud, env={"OS_AUTH_URL": "http://u:pw@no-such-host.invalid/v3"}), "http://no-such-host.invalid/v3",
                   "name of the host is not known")
        self.assertNotIn("pw", self.ask(cloud, env={"OS_AUTH_URL": "http://u:pw@no-such-host.invalid/v3"}).stdout)
        self.fails(self.ask(cloud, env={"OS_AUTH_URL": "ftp://127.0.0.1/"}), "should begin with http")
        self.fails(self.ask(cloud, env={"OS_INTERFACE": "internal"}), "http://127.0.0.1:9/internal")

    def test_proxy(self):
        """The proxy of the environment is not asked for what is on this machine."""
        cloud = self.cloud({FLAVORS: fixed({})})
        self.assertEqual(self.ask(cloud, env={"http_proxy": "http://127.0.0.1:9"}).stdout, "{ }\n")

    def test_stop(self):
        cloud = self.cloud({FLAVORS: lambda request: time.sleep(20) or (200, {}, {})})
        tool = subprocess.Popen([TOOL, "ask", "compute", "GET", "/flavors"], env={**os.environ, **cloud.environment()},
                                stdout=subprocess.PIPE, text=True)
        while len(cloud.asked) < 2:
            time.sleep(0.05)
        began = time.monotonic()
        tool.send_signal(signal.SIGTERM)
        said, _ = tool.communicate(timeout=30)
        self.assertIn("stopped on request", said)
        self.assertLess(time.monotonic() - began, 5)

    def test_catalog(self):
        cloud = self.cloud()
        self.fails(self.ask(cloud, env={"OS_REGION_NAME": "two"}), 'no service "compute"', 'region "two"',
                   "compute, image, network, identity")
        self.fails(self.ask(cloud, env={"OS_INTERFACE": "both"}), "public, internal or admin")
        self.fails(self.run_tool("ask", "volume", "GET", "/", env=cloud.environment()), 'no service "volume"')
        self.fails(self.run_tool("ask", "network", "GET", "/v2.0/ports", env=cloud.environment()), "no /network/v2.0/ports")

    def test_token_is_none(self):
        place = ("POST", "/identity/v3/auth/tokens")
        right = self.cloud().token_body()
        for body, headers in ((b"", {}), ({}, {"X-Subject-Token": "t"}), (right, {}), (right, {"X-Subject-Token": "t" * 9000}),
                              ({"token": {**right["token"], "expires_at": "soon"}}, {"X-Subject-Token": "t"}),
                              ({"token": {**right["token"], "catalog": {}}}, {"X-Subject-Token": "t"})):
            self.fails(self.ask(self.cloud({place: fixed(body, 201, headers)})), "gives no token")
        self.fails(self.ask(self.cloud({place: fixed({"error": {"message": "busy"}}, 503)})), "503: busy")

    def test_upload(self):
        self.write("f", "x" * 3000000)
        place = ("PUT", "/image/v2/images/i/file")
        cloud = self.cloud({place: fixed(None, 204)})
        env = cloud.environment()
        result = self.run_tool("upload", "image", "/v2/images/i/file", self.path("f"), env=env)
        self.assertEqual(result.stdout, "sent 3000000\n")
        self.assertEqual(cloud.asked[-1][2], b"x" * 3000000)
        self.assertEqual(cloud.asked[-1][3]["Content-Type"], "application/octet-stream")
        tries = []
        cloud.answers[place] = lambda request: (tries.append(len(request.body)), (401 if len(tries) == 1 else 204, None, {}))[1]
        self.assertEqual(self.run_tool("upload", "image", "/v2/images/i/file", self.path("f"), env=env).stdout, "sent 3000000\n")
        self.assertEqual(tries, [3000000, 3000000])

    def test_damaged(self):
        """Answers with bytes changed: an answer or one clear message, never a crash."""
        chance = random.Random(5)
        cloud = self.cloud()
        texts = {("POST", "/identity/v3/auth/tokens"): json.dumps(cloud.token_body()).encode(), SERVERS: json.dumps(
            {"servers": [{"id": uuid(i), "tenant_id": "p", "metadata": {"weiss:group": "g"},
                          "flavor": {"extra_specs": {"weiss:shmem_mib": "64"}}} for i in range(3)]}).encode(),
                 GROUPS: json.dumps({"server_groups": [{"id": uuid(9), "members": [uuid(1), uuid(2)]}]}).encode()}

        def damaged(place):
            def answer(request):
                text = bytearray(texts[place])
                if place == GROUPS and request.query["offset"] != ["0"]:
                    text = bytearray(b'{"server_groups": []}')
                for _ in range(chance.choice((0, 0, 0, 0, 1, 1, 3, 30))):
                    where = chance.randrange(len(text))
                    if chance.random() < 0.5:
                        text[where] = chance.randrange(256)
                    else:
                        del text[where:where + chance.randrange(1, 20)]
                    text = text or bytearray(b" ")
                return 201 if request.command == "POST" else 200, bytes(text), {"X-Subject-Token": "token-1"}
            return answer
        for place in texts:
            cloud.answers[place] = damaged(place)
        right = 0
        for _ in range(100):
            result = self.run_tool("facts", "here", env={**cloud.environment(), "OS_API_TIMEOUT": "5"})
            self.assertIn(result.returncode, (0, 1), result)
            self.assertEqual(result.stderr, "")
            right += result.returncode == 0
            if result.returncode == 1:
                self.fails(result)
        self.assertTrue(5 < right < 95, right)


class Certificates(Case):
    def test_certificates(self):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", self.path("key"), "-out",
                        self.path("own"), "-days", "2", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"],
                       check=True, capture_output=True)
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(self.path("own"), self.path("key"))
        cloud = self.cloud({FLAVORS: fixed({})}, tls=tls)
        self.fails(self.ask(cloud), "not one that this machine trusts", "OS_CACERT")
        self.assertEqual(self.ask(cloud, env={"OS_CACERT": self.path("own")}).stdout, "{ }\n")
        self.fails(self.ask(cloud, env={"OS_CACERT": self.path("none")}), "certificates in", "cannot be read")
        # The right authority, but of another name.
        env = {"OS_CACERT": self.path("own"), "OS_AUTH_URL": cloud.url.replace("127.0.0.1", "localhost") + "/identity"}
        self.fails(self.ask(cloud, env=env), "not one that this machine trusts")


class Facts(Case):
    def facts(self, cloud):
        result = self.run_tool("facts", "host one", env=cloud.environment())
        self.assertEqual(result.returncode, 0, result.stdout)
        return result.stdout.splitlines()

    def test_pages(self):
        """2,500 servers in pages of 1,000 and 130 groups in pages of 50: each is found once."""
        servers = [{"id": uuid(i), "tenant_id": f"p{i % 3}", "metadata": {}, "flavor": {"extra_specs": {}}} for i in range(2500)]
        groups = [{"id": uuid(9000 + i), "members": [uuid(10 * i), uuid(10 * i + 1), "?", uuid(7777)]} for i in range(130)]

        def give_servers(request):
            query = request.query
            self.assertEqual((query["host"], query["all_tenants"]), (["host one"], ["1"]))
            start = [s["id"] for s in servers].index(query["marker"][0]) + 1 if "marker" in query else 0
            page = servers[start:start + min(1000, int(query["limit"][0]))]
            more = start + len(page) < len(servers)
            return 200, {"servers": page, **({"servers_links": [{"rel": "next", "href": "http://elsewhere"}]} if more else {})}, {}

        def give_groups(request):
            self.assertEqual(request.query["all_projects"], ["1"])
            offset = int(request.query["offset"][0])
            return 200, {"server_groups": groups[offset:offset + 50]}, {}
        cloud = self.cloud({SERVERS: give_servers, GROUPS: give_groups})
        lines = self.facts(cloud)
        self.assertEqual(lines[-1], "2500")
        self.assertEqual(len(set(lines)), 2501)
        self.assertIn(f"{uuid(31)} project=p1 group= server_group={uuid(9003)} release=0 bytes=0", lines)
        self.assertIn(f"{uuid(33)} project=p0 group= server_group= release=0 bytes=0", lines)

    def test_few_requests(self):
        for count in (1, 40, 900):
            cloud = self.cloud({SERVERS: fixed({"servers": [{"id": uuid(i), "tenant_id": "p"} for i in range(count)]}),
                                GROUPS: lambda r: (200, {"server_groups": [] if r.query["offset"] != ["0"] else
                                                         [{"id": uuid(1), "members": []}]}, {})})
            self.assertEqual(self.facts(cloud)[-1], str(count))
            self.assertEqual(len([a for a in cloud.asked if a[0] == "GET"]), 3)
        cloud = self.cloud({SERVERS: fixed({"servers": []})})
        self.assertEqual(self.facts(cloud), ["0"])
        self.assertEqual(len([a for a in cloud.asked if a[0] == "GET"]), 1)

    def test_values(self):
        def one(**more):
            server = {"id": uuid(1), "tenant_id": "p", "metadata": {}, "flavor": {"extra_specs": {}}, **more}
            cloud = self.cloud({SERVERS: fixed({"servers": [server]}), GROUPS: fixed({"server_groups": []})})
            return self.facts(cloud)[0]
        for text, size in (("64", 64 << 20), ("1", 1 << 20), ("0", -1), ("-5", -1), ("64 MiB", -1), ("", -1), (64, -1), (None, 0),
                           ("99999999999999999999", -1), ("8796093022207", 8796093022207 << 20), ("8796093022208", -1)):
            specs = {} if text is None else {"weiss:shmem_mib": text}
            self.assertTrue(one(flavor={"extra_specs": specs}).endswith(f" bytes={size}"), (text, one(flavor={"extra_specs": specs})))
        for text, release in (("", 0), ("no", 0), ("false", 0), ("0", 0), ("yes", 1), ("true", 1)):
            self.assertIn(f" release={release} ", one(metadata={"weiss:release": text}))
        self.assertIn(" group=lab ", one(metadata={"weiss:group": "lab"}))
        self.assertEqual(one(metadata={"weiss:group": "x" * 300}), "0")  # nothing is known of it, so nothing is given to it
        self.assertEqual(one(id="x"), "0")
        self.assertEqual(one(id=uuid(1) + "\0"), "0")
        self.assertEqual(one(tenant_id=""), "0")

    def test_endless(self):
        """Pages that go in a circle end in a message."""
        cloud = self.cloud({SERVERS: fixed({"servers": [{"id": uuid(1), "tenant_id": "p"}],
                                            "servers_links": [{"rel": "next", "href": ""}]})})
        self.fails(self.run_tool("facts", "h", env=cloud.environment()), "does not end after 1000 pages")
        cloud = self.cloud({SERVERS: fixed({"servers": [], "servers_links": [{}]})})
        self.assertEqual(self.facts(cloud), ["0"])

    def test_refused(self):
        cloud = self.cloud({SERVERS: fixed({"forbidden": {"message": "Policy doesn't allow get_all_tenants"}}, 403)})
        self.fails(self.run_tool("facts", "h", env=cloud.environment()), "get_all_tenants", "role may not")
        cloud = self.cloud({SERVERS: fixed({"server": []})})
        self.fails(self.run_tool("facts", "h", env=cloud.environment()), "no list of servers")


YAML = """clouds:
  one:
    auth: &auth
      auth_url: https://one:5000
      application_credential_id: idid
      application_credential_secret: "0123456789"
    region_name: [r1, r2]
    interface: internal
  two:
    auth:
      auth_url: http://two
      username: u
      project_name: p
      project_domain_name: d
    cacert: /ca
    api_timeout: 7
  three: {auth: *auth, verify: false}
  four: {auth: *auth, auth_type: v3kerberos}
  five: {auth: {auth_url: http://five, username: u, project_id: i, password: null}}
"""


class Logins(Case):
    def login(self, *words, env=None):
        return self.run_tool("login", *words, env={"OS_CLIENT_CONFIG_FILE": self.path("c.yaml"), **(env or {})})

    def test_yaml(self):
        self.write("c.yaml", YAML)
        self.assertEqual(self.login("one").stdout, "https://one:5000 idid - - - - - - - - r1 internal - 0 0 10\n")
        self.assertEqual(self.login(env={"OS_CLOUD": "one"}).stdout, self.login("one").stdout)
        self.fails(self.login("two"), 'c.yaml: the cloud "two" lacks the user\'s password')
        self.write("secure.yaml", "clouds: {two: {auth: {password: abc}}, other: {}}")
        self.assertEqual(self.login("two").stdout, "http://two - u - - - p - d - - - /ca 7 3 0\n")
        self.fails(self.login("three"), "verify is false", "cacert")
        self.fails(self.login("four"), '"v3kerberos"')
        self.fails(self.login("five"), "password")
        self.fails(self.login("six\x1b"), 'has no cloud "six\\x1b"; it has one, two, three, four, five')
        self.write("c.yaml", "clouds:\n  one: [\n")
        self.fails(self.login("one"), "c.yaml:", "this is not YAML")
        for text in ("", "[]", "clouds: 5"):
            self.write("c.yaml", text)
            self.fails(self.login("one"), 'expected a mapping "clouds"')
        self.write("c.yaml", "x" * (2 << 20))
        self.fails(self.login("one"), "1 MiB")
        os.unlink(self.path("c.yaml"))
        self.fails(self.login("one"), "cannot be read")

    def test_places(self):
        env = {"OS_CLIENT_CONFIG_FILE": ""}
        self.fails(self.login("one", env=env), "neither here, nor in ~/.config/openstack")
        os.makedirs(self.path(".config/openstack"))
        self.write(".config/openstack/clouds.yaml", YAML)
        self.assertIn("https://one", self.login("one", env=env).stdout)
        self.write("clouds.yaml", YAML.replace("//one", "//here"))
        self.assertIn("https://here", self.login("one", env=env).stdout)

    def test_environment(self):
        self.fails(self.login(), "no cloud is named", "OS_CLOUD")
        self.fails(self.login(env={"OS_AUTH_URL": "http://a"}), "OS_APPLICATION_CREDENTIAL_ID")
        self.fails(self.login(env={"OS_AUTH_URL": "http://a", "OS_APPLICATION_CREDENTIAL_ID": "i"}), "_SECRET")
        self.fails(self.login(env={"OS_AUTH_URL": "http://a", "OS_USERNAME": "u", "OS_PASSWORD": SECRET}), "OS_PROJECT_NAME")
        self.fails(self.login(env={"OS_AUTH_URL": "http://a", "OS_AUTH_TYPE": "token"}), '"token"')
        self.fails(self.login(env={"OS_AUTH_URL": "http://a", "OS_CACERT": "x" * 40000}), "longer than")
        env = {"OS_AUTH_URL": "http://a", "OS_USERNAME": "u", "OS_PASSWORD": SECRET, "OS_TENANT_NAME": "t", "OS_REGION_NAME": "r",
               "OS_USER_DOMAIN_ID": "d", "OS_ENDPOINT_TYPE": "admin", "OS_API_TIMEOUT": "9"}
        self.assertEqual(self.login(env=env).stdout, f"http://a - u - - d t - - - r admin - 9 {len(SECRET)} 0\n")

    def test_damaged_yaml(self):
        chance = random.Random(3)
        right = 0
        for _ in range(200):
            text = bytearray(YAML.encode())
            for _ in range(chance.choice((1, 1, 2, 5, 30))):
                where = chance.randrange(len(text))
                if chance.random() < 0.6:
                    text[where] = chance.choice(b"\0\xff\n :-[]{}&*!'\"#%|>") if chance.random() < 0.7 else chance.randrange(256)
                else:
                    text[where:where] = text[chance.randrange(len(text)):][:40]
            with open(self.path("c.yaml"), "wb") as file:
                file.write(text)
            result = self.login("one")
            self.assertIn(result.returncode, (0, 1), (bytes(text), result))
            self.assertEqual(result.stderr, "")
            self.assertEqual(result.stdout.count("\n"), 1, (bytes(text), result))
            right += result.returncode == 0
        self.assertTrue(10 < right < 190, right)


if __name__ == "__main__":
    unittest.main(verbosity=2)
