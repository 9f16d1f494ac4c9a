"""What tests share: where the checkout is, and whether the sidecar is built in it."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BUNDLE = ROOT / "veilbook" / "node" / "sidecar.mjs"

needs_bundle = pytest.mark.skipif(not BUNDLE.is_file(), reason="the sidecar is not built: npm run build:node")
