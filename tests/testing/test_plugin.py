"""The pytest plugin at work in a project of a user, as pytest finds it: by the entry point of the installed package."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.conftest import AUDIO

pytestmark = pytest.mark.slow  # starts processes of pytest

ENGINE = """
import pytest
from speechmatics.local import Recognition

class Engine:
    def transcribe(self, audio, config):
        content = audio.read_text()
        reading = {"content": content, "confidence": 1.0, "language": "en"}
        return Recognition(1.0, [{"type": "word", "start_time": 0.0, "end_time": 1.0, "alternatives": [reading]}])

@pytest.fixture(scope="session")
def speechmatics_engine():
    return Engine()
"""

WITHOUT_THE_EXTRA = """
import sys
sys.modules.update(dict.fromkeys(("starlette", "uvicorn", "python_multipart", "faster_whisper"), None))
"""


@pytest.fixture
def project(pytester: pytest.Pytester) -> pytest.Pytester:
    """A user's tests, with an engine that hears what the audio's bytes say; no other project's settings apply."""
    pytester.makeini("[pytest]\nfilterwarnings = error")
    pytester.makeconftest(ENGINE)
    return pytester


def run(project: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    """Pytest as a user starts it, in a process of its own."""
    return project.runpytest_subprocess("-p", "no:cacheprovider", *arguments, timeout=120)


def test_both_fixtures_work_together(project: pytest.Pytester) -> None:
    """The client talks to the server and returns models; so does whatever finds the server by the environment."""
    project.makepyfile(
        """
        from speechmatics import BatchClient, JobDetails

        def test_client(speechmatics_client, speechmatics_server):
            assert speechmatics_client.transcribe(("a.wav", b"Hello")).to_text() == "Hello\\n"
            [job] = speechmatics_client.list_jobs()
            assert isinstance(job, JobDetails)
            with BatchClient(speechmatics_server.connection_settings) as other:
                assert [found["id"] for found in other.list_jobs()] == [job.id]

        def test_environment(speechmatics_server, monkeypatch):
            monkeypatch.setenv("SPEECHMATICS_URL", speechmatics_server.url)
            monkeypatch.setenv("SPEECHMATICS_API_KEY", "any")
            with BatchClient(parse=True) as client:
                assert client.transcribe(("a.wav", b"Hi")).to_text() == "Hi\\n"
        """
    )
    run(project).assert_outcomes(passed=2)


def test_a_setting_names_what_was_heard(pytester: pytest.Pytester) -> None:
    """A folder of transcripts, or a file of rules, beside the settings; rules count anew for each server."""
    pytester.mkdir("heard")
    pytester.path.joinpath("heard", "call.txt").write_text("Hello.")
    pytester.makefile(".toml", rules="[[scripted]]\nreject = 'no'\ntimes = 1\n[[scripted]]\ntext = 'Hello.'")
    pytester.mkdir("deep").joinpath("test_it.py").write_text(
        """
def test_folder(speechmatics_client):
    config = {"type": "transcription", "transcription_config": {"language": "de"}}
    assert speechmatics_client.transcribe(("call.wav", b"any"), config).to_text() == "Hello.\\n"

def test_file(speechmatics_client):
    ids = [speechmatics_client.submit_job(("call.wav", b"any"), {}) for _ in range(2)]
    assert [speechmatics_client.check_job_status(i, wait=20).status for i in ids] == ["rejected", "done"]

test_again = test_file
""".replace("{})", '{"type": "transcription", "transcription_config": {"language": "de"}})')
    )
    for setting, wanted, passed in (("heard", "folder", 1), ("rules.toml", "file or again", 2)):
        pytester.makeini(f"[pytest]\nfilterwarnings = error\nspeechmatics_scripted = {setting}")
        run(pytester, "deep", "-k", wanted).assert_outcomes(passed=passed)
    pytester.makeini("[pytest]\nspeechmatics_scripted = nowhere.toml")
    result = run(pytester, "deep", "-k", "folder")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*speechmatics_scripted: cannot read the rules in *nowhere.toml: No such file*"])


def test_faults_requests_and_expiry(project: pytest.Pytester) -> None:
    """A fixture has faults for all tests, and a test adds its own."""
    project.makepyfile(
        """
        import pytest
        from speechmatics import JobExpiredError, RateLimitError
        from speechmatics.local import Fault

        @pytest.fixture
        def speechmatics_faults():
            return [Fault(name="busy", method="GET", path="jobs", status=503, headers={"Retry-After": "0"}, times=1)]

        def test_fixture(speechmatics_client, speechmatics_server):
            assert speechmatics_client.list_jobs() == []
            assert [request.fault for request in speechmatics_server.requests] == ["busy", None]

        def test_own(speechmatics_client, speechmatics_server):
            speechmatics_server.use_faults([Fault(method="POST", path="jobs", drop="after_work", times=1)])
            transcript = speechmatics_client.transcribe(("a.wav", b"Hello"))
            assert [request.method for request in speechmatics_server.requests].count("POST") == 1
            speechmatics_server.expire(transcript.job.id)
            with pytest.raises(JobExpiredError):
                speechmatics_client.get_job_result(transcript.job.id)
        """
    )
    run(project).assert_outcomes(passed=2)


SHARED = """
import httpx, pytest

seen = []

@pytest.mark.parametrize("turn", range(2))
def test_turn(turn, speechmatics_client, speechmatics_server):
    print("jobs:", len(speechmatics_client.list_jobs()), "new server:", speechmatics_server.url not in seen)
    if turn and speechmatics_server.url not in seen:
        with pytest.raises(httpx.ConnectError):
            httpx.get(seen[-1] + "/jobs")
    seen.append(speechmatics_server.url)
    speechmatics_client.transcribe(("a.wav", b"Hello"))
"""


def test_each_test_has_a_server_of_its_own(project: pytest.Pytester) -> None:
    """It is empty at first, and stops when the test ends."""
    project.makepyfile(SHARED)
    result = run(project, "-s")
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["*jobs: 0 new server: True*", "*jobs: 0 new server: True*"])


@pytest.mark.parametrize("scope", ["module", "session"])
def test_a_setting_lets_tests_share_one(project: pytest.Pytester, scope: str) -> None:
    """Then the jobs of other tests are there."""
    project.makepyfile(SHARED)
    project.makeini(f"[pytest]\nspeechmatics_server_scope = {scope}")
    result = run(project, "-s")
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["*jobs: 0 new server: True*", "*jobs: 1 new server: False*"])


def test_a_scope_that_pytest_does_not_have_is_an_error(project: pytest.Pytester) -> None:
    """It names the setting, what it is, and what it can be."""
    project.makepyfile("def test_it(speechmatics_server): ...")
    result = run(project, "-o", "speechmatics_server_scope=forever")
    assert result.ret != pytest.ExitCode.OK
    expected = "*speechmatics_server_scope is 'forever'; it can be function, class, module, package, session*"
    result.stdout.fnmatch_lines([expected])


@pytest.mark.parametrize("engine", ["", ENGINE], ids=["no engine", "an engine"])
def test_without_the_extra_only_its_fixtures_fail(pytester: pytest.Pytester, engine: str) -> None:
    """In one line that says what to install; other tests run."""
    pytester.makeconftest(WITHOUT_THE_EXTRA + engine)
    pytester.makepyfile(
        """
        def test_server(speechmatics_server): ...
        def test_client(speechmatics_client): ...
        def test_other(): ...
        """
    )
    result = run(pytester)
    result.assert_outcomes(passed=1, errors=2)
    result.stdout.fnmatch_lines(["*needs the extra*local*"] * 2)
    assert "Traceback" not in result.stdout.str()
    assert "plugin.py:" not in result.stdout.str()


def test_the_plugin_can_be_turned_off(project: pytest.Pytester) -> None:
    """With pytest's option `-p no:speechmatics`, its fixtures and its setting are gone."""
    project.makepyfile("def test_it(speechmatics_client): ...")
    result = run(project, "-p", "no:speechmatics")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*fixture 'speechmatics_client' not found*"])
    assert "speechmatics_server_scope" in run(project, "--help").stdout.str()
    assert "speechmatics_server_scope" not in run(project, "--help", "-p", "no:speechmatics").stdout.str()


def test_the_fixtures_are_documented(project: pytest.Pytester) -> None:
    """`pytest --fixtures` says what each is."""
    lines = run(project, "--fixtures").stdout
    lines.fnmatch_lines_random(
        ["*A running local server that accepts every token*", "*A client of `speechmatics_server`*"]
    )


def test_those_who_do_not_use_it_pay_nothing() -> None:
    """Loading the plugin imports nothing beyond pytest: no HTTP client, no models, no server, no strategies."""
    code = """
import sys, pytest
before = {*sys.modules, *sys.stdlib_module_names}
import speechmatics.testing.plugin
print(sorted(set(sys.modules) - before))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    own = ["speechmatics", "speechmatics._installation", "speechmatics.testing", "speechmatics.testing.plugin"]
    assert done.stdout.strip() == str(own)


def test_a_run_of_pytest_imports_no_client(pytester: pytest.Pytester) -> None:
    """Nor does the plugin bring one in later, in tests that use none of it."""
    pytester.makepyfile(
        """
        import sys

        def test_it():
            assert "speechmatics.testing.plugin" in sys.modules
            assert not {"httpx", "pydantic", "starlette", "uvicorn", "speechmatics.models"} & set(sys.modules)
        """
    )
    run(pytester).assert_outcomes(passed=1)


def test_the_real_engine_hears_the_example(pytester: pytest.Pytester) -> None:
    """Without an engine of the user's own, the recording is really transcribed."""
    audio = AUDIO / "quickstart.wav"
    pytester.makepyfile(
        f"""
        def test_it(speechmatics_client):
            print("heard:", speechmatics_client.transcribe({str(audio)!r}).to_text())
        """
    )
    result = run(pytester, "-s")
    result.assert_outcomes(passed=1)
    first_word = audio.with_suffix(".txt").read_text().split()[0]
    result.stdout.fnmatch_lines([f"*heard: {first_word}*"])
