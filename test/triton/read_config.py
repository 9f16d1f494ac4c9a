"""Read a config.pbtxt with Triton's own message ModelConfig and print it as JSON. Usage: read_config.py FILE"""

from __future__ import annotations

import sys
from pathlib import Path

from google.protobuf import json_format, text_format
from tritonclient.grpc.model_config_pb2 import ModelConfig

config = text_format.Parse(Path(sys.argv[1]).read_text(), ModelConfig())
print(json_format.MessageToJson(config, preserving_proto_field_name=True))
