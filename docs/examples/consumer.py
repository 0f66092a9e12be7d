#!/usr/bin/env python3
"""A consumer in another language: follows a subscription into a SQLite file, by docs/protocol.md alone.

    apt-get install protobuf-compiler python3-protobuf python3-zmq
    protoc --proto_path=proto --python_out=. mailboat/v1/feed.proto
    PYTHONPATH=. python3 docs/examples/consumer.py tcp://127.0.0.1:5657 SUBSCRIPTION FILE

Each row is kept as the JSON that PostgreSQL wrote: SELECT row ->> 'name' FROM rows WHERE topic = 'public.users'.
It is an example: it keeps no versions, so what a replay brings counts as overtaken, and it does not verify.
"""
import json
import os
import queue
import socket
import sqlite3
import sys
import threading
import time

import zmq
from mailboat.v1.feed_pb2 import FromConsumer, FromProducer, LoadChunk, Refusal, Retried

CREDIT = 8
HEARTBEAT = 1.0  # seconds
TEMPORARY = (Refusal.BUSY, Refusal.SOURCE_UNAVAILABLE, Refusal.SHUTTING_DOWN, Refusal.SESSION_UNKNOWN)
TABLES = """
CREATE TABLE IF NOT EXISTS cursor (one INTEGER PRIMARY KEY, source BLOB, snapshot TEXT, last_event INTEGER);
CREATE TABLE IF NOT EXISTS relation (topic TEXT PRIMARY KEY, id INTEGER, description TEXT);
CREATE TABLE IF NOT EXISTS load (topic TEXT PRIMARY KEY, number INTEGER, last_key TEXT, count INTEGER, ended INTEGER);
CREATE TABLE IF NOT EXISTS rows (topic TEXT, key TEXT, row TEXT, load INTEGER, PRIMARY KEY (topic, key));
CREATE TABLE IF NOT EXISTS event (id INTEGER PRIMARY KEY, topic TEXT, op TEXT, payload TEXT);
CREATE TABLE IF NOT EXISTS rejection (event_id INTEGER PRIMARY KEY, txid INTEGER, error TEXT);
"""


class TryAgain(Exception):
    """The session is over; another one may begin where the file stands."""


class Link(threading.Thread):
    """Owns one socket, for one session, and gives signs of life while the other thread is busy."""

    def __init__(self, address):
        super().__init__(daemon=True)
        self.address, self.received, self.to_send, self.ended = address, queue.Queue(), queue.Queue(), False
        self.start()

    def run(self):
        connection = zmq.Context.instance().socket(zmq.DEALER)
        connection.setsockopt(zmq.LINGER, 1000)
        connection.connect(self.address)
        next_sign = time.monotonic() + HEARTBEAT
        while not (self.ended and self.to_send.empty()):
            if connection.poll(10):
                self.received.put(connection.recv())
            while not self.to_send.empty():
                connection.send(self.to_send.get())
            if time.monotonic() >= next_sign:
                connection.send(FromConsumer(heartbeat={}).SerializeToString())
                next_sign = time.monotonic() + HEARTBEAT
        connection.close()

    def send(self, **message):
        self.to_send.put(FromConsumer(**message).SerializeToString())

    def receive(self, patience):
        try:
            message = FromProducer.FromString(self.received.get(timeout=patience))
        except queue.Empty:
            raise TryAgain(f"{self.address} has been silent for {patience:.0f} s") from None
        kind = message.WhichOneof("message")
        return kind, getattr(message, kind)

    def close(self):
        self.send(goodbye={})
        self.ended = True


class Replica:
    """The SQLite file: what the windows bring, and the cursor with it."""

    def __init__(self, file):
        self.database = sqlite3.connect(file, isolation_level=None)  # transactions are ours to begin and to end
        self.sql = self.database.execute
        self.sql("PRAGMA journal_mode = WAL")
        self.database.executescript(TABLES)
        self.relations = {}

    def cursor(self):
        return self.sql("SELECT source, snapshot, last_event FROM cursor").fetchone() or (None, "", 0)

    def unfinished_loads(self):
        return self.sql("SELECT topic, last_key, count FROM load WHERE NOT ended ORDER BY number").fetchall()

    def begin(self, new_history):
        self.sql("BEGIN IMMEDIATE")
        if new_history:
            self.sql("DELETE FROM rejection")
            self.sql("UPDATE load SET ended = 1")
            self.sql("UPDATE relation SET id = 0")
        known = self.sql("SELECT topic, id, description FROM relation")
        self.relations = {topic: (number, json.loads(description)) for topic, number, description in known}

    def commit(self, source, snapshot, last_event):
        row = (source.SerializeToString(), snapshot, last_event)
        self.sql("INSERT OR REPLACE INTO cursor VALUES (1, ?, ?, ?)", row)
        self.sql("COMMIT")

    def roll_back(self):
        if self.database.in_transaction:
            self.sql("ROLLBACK")

    def apply(self, topic, number, txid, op, payload):
        if op == "R":
            self.describe(topic, number, json.loads(payload))
        elif topic not in self.relations:  # an application's event
            self.sql("INSERT OR IGNORE INTO event VALUES (?, ?, ?, ?)", (number, topic, op, payload))
        elif op == "T":
            self.sql("DELETE FROM rows WHERE topic = ?", (topic,))
        elif op == "D":
            self.sql("DELETE FROM rows WHERE topic = ? AND key = ?", (topic, self.key(topic, payload)))
        elif payload:
            self.put(topic, payload)
        else:
            self.sql("INSERT OR IGNORE INTO rejection VALUES (?, ?, 'it has no payload')", (number, txid))

    def key(self, topic, row):
        values = json.loads(row, parse_float=str)
        return json.dumps([values.get(column) for column in self.relations[topic][1]["key"]])

    def put(self, topic, row):
        load = "coalesce((SELECT number FROM load WHERE topic = ?1), 0)"
        self.sql(f"INSERT OR REPLACE INTO rows VALUES (?1, ?2, ?3, {load})", (topic, self.key(topic, row), row))

    def describe(self, topic, number, now):
        known, then = self.relations.get(topic, (0, None))
        if number < known:
            return
        if number > known and now.get("renamed_from") in self.relations:
            then = self.rename(now["renamed_from"], topic)
        elif then and now.get("new"):  # numbers mean other columns; the rows stay until the load that follows
            then = {**then, "columns": now["columns"]}
        self.relations[topic] = (number, now)
        self.sql("INSERT OR REPLACE INTO relation VALUES (?, ?, ?)", (topic, number, json.dumps(now)))
        if then:
            self.follow_columns(topic, then, now)

    def rename(self, before, topic):
        for table in ("rows", "relation", "load"):
            self.sql(f"DELETE FROM {table} WHERE topic = ?", (topic,))  # of another table that had this topic
            self.sql(f"UPDATE {table} SET topic = ? WHERE topic = ?", (topic, before))
        return self.relations.pop(before)[1]

    def follow_columns(self, topic, then, now):
        """A column keeps its number when it is renamed; one that is not described any more stays as it is."""
        names = {column["number"]: column["name"] for column in now["columns"]}
        pairs = [(column["name"], names.get(column["number"], column["name"])) for column in then["columns"]]
        renamed = {old: new for old, new in pairs if old != new}
        if not renamed and then["key"] == now["key"]:
            return
        rows = self.sql("SELECT row, load FROM rows WHERE topic = ?", (topic,)).fetchall()
        self.sql("DELETE FROM rows WHERE topic = ?", (topic,))
        for row, load in rows:
            fields = self.sql("SELECT key, row -> fullkey FROM (SELECT ? row), json_each(row)", (row,))
            fields = [f"{json.dumps(renamed.get(name, name))}:{text}" for name, text in fields]
            row = "{" + ",".join(fields) + "}"  # texts, not values: numbers keep all digits
            self.sql("INSERT OR REPLACE INTO rows VALUES (?, ?, ?, ?)", (topic, self.key(topic, row), row, load))

    def begin_load(self, topic):
        number = self.sql("SELECT coalesce(max(number), 0) + 1 FROM load").fetchone()[0]
        self.sql("INSERT OR REPLACE INTO load VALUES (?, ?, '[]', 0, 0)", (topic, number))

    def take_chunk(self, chunk):
        for row in pieces(chunk.rows, chunk.row_size):
            self.put(chunk.topic, row)
        self.sql("UPDATE load SET count = count + ? WHERE topic = ?", (len(chunk.row_size), chunk.topic))
        if chunk.ends_chunk:
            self.sql("UPDATE load SET last_key = ? WHERE topic = ?", (json.dumps(list(chunk.last_key)), chunk.topic))
        if chunk.ends_load:
            self.sql("UPDATE load SET ended = 1 WHERE topic = ?", (chunk.topic,))
        if chunk.ends_load and not chunk.gives_up:  # what neither a chunk nor an event has written since it began
            number = "(SELECT number FROM load WHERE topic = ?1)"
            self.sql(f"DELETE FROM rows WHERE topic = ?1 AND load < {number}", (chunk.topic,))


class Session:
    """From Hello until something does not fit, or somebody falls silent."""

    def __init__(self, link, subscription, replica, name):
        self.link, self.replica, self.window, self.index = link, replica, 0, 0
        self.ack, self.reporting, self.patience = None, False, 5 * HEARTBEAT
        source, snapshot, self.last_event = replica.cursor()
        loads = [{"topic": t, "last_key": json.loads(k), "rows": n} for t, k, n in replica.unfinished_loads()]
        hello = {"protocol": 1, "subscription": subscription, "replica": name, "snapshot": snapshot, "credit": CREDIT,
                 "unfinished_loads": loads, "heartbeat_milliseconds": int(HEARTBEAT * 1000)}
        if source:
            hello["source"] = type(FromConsumer().hello.source).FromString(source)
        link.send(hello=hello)
        kind, self.welcome = self.next()
        if kind != "welcome":
            raise TryAgain(f"expected a Welcome, got {kind}")
        self.new_history = self.welcome.new_history
        self.patience = 5 * max(HEARTBEAT, self.welcome.heartbeat_milliseconds / 1000)

    def next(self):
        kind, content = "heartbeat", None
        while kind == "heartbeat":
            kind, content = self.link.receive(self.patience)
        if kind == "refusal":
            raise TryAgain(content.text) if content.code in TEMPORARY else SystemExit(content.text)
        return kind, content

    def follow(self):
        take = {"frame": self.take_frame, "retry": self.take_retry, "recorded": self.take_recorded}
        if not self.new_history:
            self.settle()
        while True:
            kind, content = self.next()
            if kind in take:
                take[kind](content)

    def take_frame(self, frame):
        if frame.index == 0:
            self.begin_window(frame)
        elif (frame.window, frame.index) != (self.window, self.index + 1):
            raise TryAgain(f"frame {frame.index} of window {frame.window} does not fit")
        self.index = frame.index
        for event in events_of(frame.events):
            self.replica.apply(*event)
            self.last_event = max(self.last_event, event[1])
        for topic in frame.load_begins:
            self.replica.begin_load(topic)
        if frame.HasField("chunk"):
            self.take_chunk(frame.chunk)
        if frame.last:
            self.replica.commit(self.welcome.source, frame.to, self.last_event)
            self.new_history = False
            self.ack = {"snapshot": frame.to, "window": frame.window, "last_event_id": self.last_event}
            self.settle()
        self.give_credit(len(frame.events.payload) + len(frame.chunk.rows))

    def begin_window(self, frame):
        here = self.replica.cursor()[1]
        if frame.window != self.window + 1 or getattr(frame, "from") != here:
            raise TryAgain(f"window {frame.window} does not begin at {here}")
        self.window = frame.window
        self.replica.begin(self.new_history)

    def take_chunk(self, chunk):
        if chunk.purpose == LoadChunk.LOAD:
            self.replica.take_chunk(chunk)
        elif chunk.ends_load:
            snapshot, error = self.replica.cursor()[1], b"this consumer does not compare"
            self.link.send(verified={"operation": chunk.operation, "topic": chunk.topic, "snapshot": snapshot,
                                     "error": error})

    def settle(self):
        """What was rejected is reported first, one message at a time; the Ack follows when PostgreSQL has it."""
        rows = self.replica.sql("SELECT event_id, txid, error FROM rejection ORDER BY event_id LIMIT 1000").fetchall()
        if rows and not self.reporting:
            rejections = [{"event_id": number, "txid": txid, "error": error.encode()} for number, txid, error in rows]
            self.link.send(rejected={"rejections": rejections})
            self.reporting = True
        elif not rows and self.ack:
            self.link.send(ack=self.ack)
            self.ack = None

    def take_recorded(self, recorded):
        self.reporting = False
        for number in recorded.event_id:
            self.replica.sql("DELETE FROM rejection WHERE event_id = ?", (number,))
        if not self.replica.database.in_transaction:  # else with the window's end
            self.settle()

    def take_retry(self, retry):
        outcomes = []
        for _, number, _, op, payload in events_of(retry.events):
            rejected = op in "IU" and not payload
            outcomes.append({"event_id": number, "result": Retried.Outcome.REJECTED if rejected else
                             Retried.Outcome.SUPERSEDED, "error": b"it has no payload" if rejected else b""})
        self.link.send(retried={"outcomes": outcomes, "replay": retry.replay})
        self.give_credit(len(retry.events.payload))

    def give_credit(self, size):
        self.link.send(credit={"amount": min(CREDIT, size // 2**20 + 1)})


def pieces(data, sizes):
    begin = 0
    for size in sizes:
        yield data[begin:begin + size].decode()
        begin += size


def events_of(events):
    topics = (events.topic_name[number] for number in events.topic)
    return zip(topics, events.id, events.txid, events.op.decode(), pieces(events.payload, events.payload_size))


def main(address, subscription, file):
    replica = Replica(file)
    name, pause = f"{socket.gethostname()}:{os.path.abspath(file)}", 0.05
    while True:
        link = Link(address)
        try:
            session = Session(link, subscription, replica, name)
            pause = 0.05
            session.follow()
        except TryAgain as reason:
            print(f"trying again: {reason}", file=sys.stderr, flush=True)
        finally:
            replica.roll_back()
            link.close()
        time.sleep(pause)
        pause = min(2 * pause, 3)


if __name__ == "__main__":
    main(*sys.argv[1:4])
