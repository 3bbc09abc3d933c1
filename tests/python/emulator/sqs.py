"""SQS: the message store, under one lock for each queue.

moto's store loses messages when threads send and delete at once, gives one message to two receivers, forgets FIFO
duplicates when their message is deleted, and takes a receipt handle of an earlier receive.
"""

import time
from copy import copy

from moto.sqs import models
from moto.sqs.exceptions import ReceiptHandleIsInvalid, SQSException

from .http import client_gone

DEDUPLICATION_S = 300
# What is shorter was never a handle.
HANDLE_CHARS_MIN = 100
# The longest sleep of a long poll between two looks at the queue.
POLL_S_MAX = 1.0


def _queue_state(queue):
    """What this module keeps on a queue: handle -> message, and deduplication id -> (time, message)."""
    try:
        return queue._reeve
    except AttributeError:
        with queue._messages_lock:
            if not hasattr(queue, "_reeve"):
                queue._reeve = ({}, {})
        return queue._reeve


def _add_message(queue, message):
    _, seen = _queue_state(queue)
    with queue._messages_lock:
        if queue.fifo_queue and message.deduplication_id:
            now = time.time()
            earlier = seen.get(message.deduplication_id)
            if earlier and now - earlier[0] < DEDUPLICATION_S:
                # Accepted, and answered with the id of the first.
                message.id, message.sequence_number = earlier[1].id, earlier[1].sequence_number
                return
            seen[message.deduplication_id] = (now, message)
        queue._messages.append(message)
        queue._messages_lock.notify_all()


def _take(queue, count, visibility_timeout):
    """Up to `count` messages that may be received now; the lock is held.  Also the time (ms) at which to look again."""
    handles, _ = _queue_state(queue)
    now = models.unix_time_millis()
    oldest = now - 1000 * int(queue.message_retention_period)
    limit = (
        queue.redrive_policy["maxReceiveCount"]
        if queue.dead_letter_queue is not None and queue.redrive_policy
        else None
    )
    blocked, taken, gone, dead, again = set(), [], [], [], None
    for message in queue._messages:
        wait_until = max(message.visible_at, message.delayed_until)
        group = message.group_id if queue.fifo_queue else None
        if now <= wait_until:
            again = wait_until if again is None else min(again, wait_until)
            if group and message.approximate_receive_count:
                blocked.add(group)
        elif message.sent_timestamp < oldest:
            gone.append(message)
        elif limit is not None and message.approximate_receive_count >= limit:
            dead.append(message)
        elif group not in blocked:
            handles.pop(message.receipt_handle, None)
            message.mark_received(visibility_timeout=visibility_timeout)
            message._old_receipt_handles.clear()
            handles[message.receipt_handle] = message
            taken.append(message)
            if len(taken) == count:
                break
    for message in gone + dead:
        queue._messages.remove(message)
        handles.pop(message.receipt_handle, None)
    return taken, dead, again


def _receive_message(
    backend, queue_name, count, wait_seconds_timeout, visibility_timeout, message_attribute_names=None
):
    queue = backend.get_queue(queue_name)
    end = time.monotonic() + wait_seconds_timeout
    waited = False
    while True:
        with queue._messages_lock:
            if waited and client_gone():
                # Whoever is killed while it polls takes no message with it.
                return []
            waited = True
            taken, dead, again = _take(queue, count, visibility_timeout)
            left = end - time.monotonic()
            if not taken and not dead and left > 0:
                sleep = min(left, POLL_S_MAX)
                if again is not None:
                    sleep = min(sleep, max(again - models.unix_time_millis(), 1) / 1000)
                queue._messages_lock.wait(sleep)
        for message in dead:
            queue.dead_letter_queue.add_message(message)
        if taken or left <= 0:
            return [_shown(message, message_attribute_names or []) for message in taken]


def _shown(message, names):
    # A copy: another receive may change the message before this answer is written.
    shown = copy(message)
    if shown.message_attributes:
        models._filter_message_attributes(shown, names)
    return shown


def _delete(queue, receipt_handle):
    handles, _ = _queue_state(queue)
    with queue._messages_lock:
        message = handles.pop(receipt_handle, None)
        if message is not None:
            queue._messages.remove(message)
            # A group that waited for this message may go on.
            queue._messages_lock.notify_all()
        elif len(receipt_handle) < HANDLE_CHARS_MIN:
            # Not of the form of a handle at all.  One that is stale or already used is taken, and does nothing.
            raise ReceiptHandleIsInvalid()


def _change_visibility(backend, queue_name, receipt_handle, visibility_timeout):
    queue = backend.get_queue(queue_name)
    handles, _ = _queue_state(queue)
    with queue._messages_lock:
        message = handles.get(receipt_handle)
        if message is None or message.visible:
            if len(receipt_handle) < HANDLE_CHARS_MIN:
                raise ReceiptHandleIsInvalid()
            raise SQSException(
                "InvalidParameterValue",
                f"Value {receipt_handle} for parameter ReceiptHandle is invalid. Reason: Message does not exist"
                f" or is not"
                " available for visibility timeout change.",
            )
        # Zero makes it visible at once, not only a millisecond later.
        message.visible_at = models.unix_time_millis() + 1000 * int(visibility_timeout) if visibility_timeout else 0.0
        queue._messages_lock.notify_all()


def _purge(backend, queue_name):
    queue = backend.get_queue(queue_name)
    handles, _ = _queue_state(queue)
    with queue._messages_lock:
        queue._messages = []
        handles.clear()


def _not_visible(queue):
    with queue._messages_lock:
        now = models.unix_time_millis()
        return sum(1 for m in queue._messages if m.visible_at >= now)


def install():
    """Puts this store in moto's place."""
    models.Queue.add_message = _add_message
    models.Queue.delete_message = _delete
    models.Queue.approximate_number_of_messages_not_visible = property(_not_visible)
    models.SQSBackend.receive_message = _receive_message
    models.SQSBackend.change_message_visibility = _change_visibility
    models.SQSBackend.purge_queue = _purge
