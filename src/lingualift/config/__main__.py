"""The JSON schema of a configuration: python -m lingualift.config > config/schema.json"""

import json
import sys

from lingualift.config import Config

json.dump(Config.model_json_schema(), sys.stdout, indent=1)
sys.stdout.write("\n")
