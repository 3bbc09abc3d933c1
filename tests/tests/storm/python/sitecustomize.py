"""DynamoDB for thousands of requests: a transaction of moto copies the whole table once for each of its items.

Only the partitions that the transaction names are copied here; moto takes the copy back when the transaction fails.
"""

import copy
from collections import defaultdict

from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import DynamoType
from moto.dynamodb.models.table import Table

# The partitions of the transaction that is made now; the emulator makes one at a time.
_named = set()
_moto_transact_write_items = DynamoDBBackend.transact_write_items


def _transact_write_items(self, transact_items):
    _named.clear()
    for item in transact_items:
        for operation in item.values():
            table = self.tables.get(operation.get("TableName"))
            key = operation.get("Key") or operation.get("Item") or {}
            if table is not None and table.hash_key_attr in key:
                _named.add(DynamoType(key[table.hash_key_attr]))
    return _moto_transact_write_items(self, transact_items)


def _copied(self, _memo):
    other = Table.__new__(Table)
    other.__dict__.update(self.__dict__)
    parts = {key: copy.deepcopy(part) if key in _named else part for key, part in self.items.items()}
    other.items = defaultdict(dict, parts)
    return other


DynamoDBBackend.transact_write_items = _transact_write_items
Table.__deepcopy__ = _copied
