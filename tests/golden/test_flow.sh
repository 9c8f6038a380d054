#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Are weir's flows those that follow from what tshark reads? See test_flow.py.
set -euo pipefail
command -v tshark >/dev/null || { echo 'skipped: no tshark'; exit 77; }
exec "$(dirname "$0")/test_flow.py" "$WEIR"
