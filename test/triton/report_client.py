"""The client of NetApp TR-4928, scenario 3, step 5, around a tensor that is in a file: request, statistics, answers.

Usage: report_client.py URL MODEL ACTIVATION OUT [--binary]
ACTIVATION holds float32 [1,128,32,32]; OUT gets both answers, one behind the other, and stdout the statistics.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import tritonclient.http as httpclient

url, model_name, activation_file, out = sys.argv[1:5]
binary = "--binary" in sys.argv
activation = np.fromfile(activation_file, dtype=np.float32).reshape(1, 128, 32, 32)

triton_client = httpclient.InferenceServerClient(url=url, verbose=False)
inputs = []
outputs = []
inputs.append(httpclient.InferInput("INPUT__0", [1, 128, 32, 32], "FP32"))
inputs[0].set_data_from_numpy(activation, binary_data=binary)
outputs.append(httpclient.InferRequestedOutput("OUTPUT__0", binary_data=binary))
outputs.append(httpclient.InferRequestedOutput("OUTPUT__1", binary_data=binary))
results = triton_client.infer(
    model_name,
    inputs,
    outputs=outputs,
    headers=None,
    request_compression_algorithm=None,
    response_compression_algorithm=None,
)
statistics = triton_client.get_inference_statistics(model_name=model_name, headers=None)
print(json.dumps(statistics))
if len(statistics["model_stats"]) != 1:
    print("FAILED: Inference Statistics")
    sys.exit(1)
loc_numpy = results.as_numpy("OUTPUT__0")
pred_numpy = results.as_numpy("OUTPUT__1")

Path(out).write_bytes(loc_numpy.tobytes() + pred_numpy.tobytes())
