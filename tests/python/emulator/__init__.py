"""The test suite's own AWS: moto, with the behaviour that Reeve depends on put right.  See ../README.md."""

import importlib
import sys
import types


class _Ec2Backends:
    """moto's EC2 state, imported at the first use.

    moto's Systems Manager imports EC2 for the targets of commands, which this emulator works out itself; the import
    takes longer than all the rest of the start.
    """

    def __getitem__(self, account):
        return importlib.import_module("moto.ec2").ec2_backends[account]


def _import_ssm_without_ec2():
    if "moto.ec2" in sys.modules:
        return
    stand_in = types.ModuleType("moto.ec2")
    stand_in.ec2_backends = _Ec2Backends()
    sys.modules["moto.ec2"] = stand_in
    try:
        importlib.import_module("moto.ssm.models")
    finally:
        del sys.modules["moto.ec2"]


_import_ssm_without_ec2()
