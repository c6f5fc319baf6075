/**
 * Step n brings a record from schema version n to n + 1, wherever its rows lie. Never edit a step that was released; add one.
 *
 * The filter columns stand before the long ones, so that SQLite reads no overflow page to filter, and they are
 * generated from the record, so that they cannot disagree with it. `startedAtMs` (Unix time) is a plain column:
 * SQLite's date functions count in floating-point days. `conversations` has those of which there are words, and goes with them;
 * in PostgreSQL they are counted when they are asked for, since rows of one conversation could come from two replicas at once.
 *
 * In PostgreSQL names are not quoted, so that one selection is right in both. `json` keeps the text of the record as it was written,
 * and ids are compared by bytes as SQLite does. A row whose record is NULL is one that was forgotten: its id stays, so that a replica
 * that ships the turn once more cannot bring it back.
 */
export const steps: readonly { sqlite: string; postgres: string }[] = [
  {
    sqlite: `CREATE TABLE turns (
       turnId TEXT NOT NULL PRIMARY KEY,
       startedAtMs INTEGER NOT NULL,
       outcome TEXT NOT NULL GENERATED ALWAYS AS (record ->> '$.outcome') STORED,
       source TEXT NOT NULL GENERATED ALWAYS AS (record ->> '$.source') STORED,
       conversationId TEXT NOT NULL GENERATED ALWAYS AS (record ->> '$.conversationId') STORED,
       llmModel TEXT GENERATED ALWAYS AS (record ->> '$.llm.model') STORED,
       speechModel TEXT GENERATED ALWAYS AS (record ->> '$.speech.model') STORED,
       voice TEXT GENERATED ALWAYS AS (record ->> '$.synthesis.voice') STORED,
       record TEXT NOT NULL CHECK (json_valid(record)),
       transcript TEXT,
       reply TEXT,
       heardText TEXT
     ) STRICT;
     CREATE INDEX turnsByTime ON turns
       (startedAtMs, turnId, outcome, source, conversationId, llmModel, speechModel, voice);`,
    postgres: `CREATE TABLE turns (
       turnId text COLLATE "C" NOT NULL PRIMARY KEY,
       startedAtMs bigint NOT NULL,
       outcome text GENERATED ALWAYS AS (record ->> 'outcome') STORED,
       source text GENERATED ALWAYS AS (record ->> 'source') STORED,
       conversationId text GENERATED ALWAYS AS (record ->> 'conversationId') STORED,
       llmModel text GENERATED ALWAYS AS (record -> 'llm' ->> 'model') STORED,
       speechModel text GENERATED ALWAYS AS (record -> 'speech' ->> 'model') STORED,
       voice text GENERATED ALWAYS AS (record -> 'synthesis' ->> 'voice') STORED,
       record json,
       transcript text,
       reply text,
       heardText text
     );
     CREATE INDEX turnsByTime ON turns (startedAtMs, turnId) WHERE record IS NOT NULL;`,
  },
  {
    sqlite: `CREATE INDEX turnsByConversation ON turns (conversationId, startedAtMs, turnId);
     CREATE TABLE conversations (
       conversationId TEXT NOT NULL PRIMARY KEY,
       title TEXT,
       startedAtMs INTEGER NOT NULL,
       lastTurnAtMs INTEGER NOT NULL,
       turns INTEGER NOT NULL
     ) STRICT;
     CREATE INDEX conversationsByTime ON conversations (lastTurnAtMs, conversationId);
     INSERT INTO conversations
       SELECT conversationId, NULL, min(startedAtMs), max(startedAtMs), count(*) FROM turns
       WHERE transcript <> '' AND source IN ('socket', 'rest', 'wyoming') GROUP BY conversationId;
     CREATE TRIGGER turnOfConversation AFTER INSERT ON turns
       WHEN new.transcript <> '' AND new.source IN ('socket', 'rest', 'wyoming') BEGIN
         INSERT INTO conversations VALUES (new.conversationId, NULL, new.startedAtMs, new.startedAtMs, 1)
           ON CONFLICT DO UPDATE SET turns = turns + 1,
             startedAtMs = min(startedAtMs, excluded.startedAtMs),
             lastTurnAtMs = max(lastTurnAtMs, excluded.lastTurnAtMs);
       END;
     CREATE TRIGGER turnOfNoConversation AFTER DELETE ON turns
       WHEN old.transcript <> '' AND old.source IN ('socket', 'rest', 'wyoming') BEGIN
         DELETE FROM conversations WHERE conversationId = old.conversationId AND turns = 1;
         UPDATE conversations SET turns = turns - 1,
             startedAtMs = (SELECT startedAtMs FROM turns
               WHERE conversationId = old.conversationId AND transcript <> ''
                 AND source IN ('socket', 'rest', 'wyoming') ORDER BY startedAtMs LIMIT 1),
             lastTurnAtMs = (SELECT startedAtMs FROM turns
               WHERE conversationId = old.conversationId AND transcript <> ''
                 AND source IN ('socket', 'rest', 'wyoming') ORDER BY startedAtMs DESC LIMIT 1)
           WHERE conversationId = old.conversationId;
       END;`,
    postgres: `CREATE INDEX turnsByConversation ON turns (conversationId, startedAtMs, turnId) WHERE record IS NOT NULL;
     CREATE TABLE conversationNames (
       conversationId text COLLATE "C" NOT NULL PRIMARY KEY,
       title text NOT NULL
     );`,
  },
  {
    // Who may open a socket is of one server here, and forgotten with its process.
    sqlite: 'SELECT 1;',
    postgres: `CREATE UNLOGGED TABLE passes (
       id text COLLATE "C" NOT NULL PRIMARY KEY,
       expiresAt timestamptz NOT NULL,
       content text
     );
     CREATE INDEX passesByExpiry ON passes (expiresAt);`,
  },
  {
    // Nobody else looks for it here. In PostgreSQL a row without content is one that was forgotten: its server has still to hear of it.
    sqlite: 'SELECT 1;',
    postgres: `CREATE TABLE sharedWork (
       kind text COLLATE "C" NOT NULL,
       id text COLLATE "C" NOT NULL,
       replicaId text NOT NULL,
       holder text NOT NULL,
       heldUntil timestamptz NOT NULL,
       wish text,
       content json,
       report json,
       PRIMARY KEY (kind, id)
     );`,
  },
]

export const schemaVersion = steps.length
