/**
 * Step n brings a record from schema version n to n + 1, wherever its rows lie. Never edit a step that was released; add one.
 *
 * The filter columns stand before the long ones, so that SQLite reads no overflow page to filter, and they are
 * generated from the record, so that they cannot disagree with it. `startedAtMs` (Unix time) is a plain column:
 * SQLite's date functions count in floating-point days.
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
]

export const schemaVersion = steps.length
