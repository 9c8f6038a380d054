#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Does weir read the specimens of tests/decode as tshark does? See test_decode.py.
set -euo pipefail
command -v tshark >/dev/null || { echo 'skipped: no tshark'; exit 77; }
exec "$(dirname "$0")/test_decode.py" "$DECODE_LINES" specimens
