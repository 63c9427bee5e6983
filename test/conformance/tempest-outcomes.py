"""A subunit stream on stdin; on stdout one line for each test: its status, its name, and why it was skipped or failed, divided by tabs."""
import sys

from subunit import ByteStreamToStreamResult
from testtools import StreamToDict

seen = []
result = StreamToDict(seen.append)
result.startTestRun()
ByteStreamToStreamResult(sys.stdin.buffer, non_subunit_name="stdout").run(result)
result.stopTestRun()
for test in seen:
    texts = {name: detail.as_text().strip() for name, detail in test["details"].items() if "text" in str(detail.content_type)}
    why = texts.get("reason") or next((text.splitlines()[-1] for name, text in texts.items() if "traceback" in name and text), "")
    print(test["status"], test["id"].split("[")[0], why.replace("\t", " ").replace("\n", " ")[:300], sep="\t")
