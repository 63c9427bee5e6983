"""What oslo.utils makes of files: one JSON line for each path on standard input, with the formats that match,
the one that counts as Glance counts it, its virtual size and the safety checks that fail."""
import json
import sys

from oslo_utils.imageutils import format_inspector


def verdict(path):
    with open(path, 'rb') as file:
        wrapper = format_inspector.InspectWrapper(file)
        while wrapper.read(65536):
            pass
        wrapper.close()
    try:
        found = {str(each): each for each in wrapper.formats}
        inspector = found['iso'] if set(found) == {'iso', 'gpt'} else wrapper.format
    except format_inspector.ImageFormatError:
        return {'formats': sorted(found), 'format': None}
    result = {'formats': sorted(found), 'format': str(inspector), 'failures': []}
    try:
        result['virtualSizeBytes'] = inspector.virtual_size
    except Exception as error:
        result['error'] = repr(error)
    try:
        inspector.safety_check()
    except format_inspector.SafetyCheckFailed as failed:
        result['failures'] = {name: str(why) for name, why in failed.failures.items()}
    return result


for line in sys.stdin:
    path = line.rstrip('\n')
    try:
        answer = verdict(path)
    except Exception as error:
        answer = {'fault': repr(error)}
    print(json.dumps(answer), flush=True)
