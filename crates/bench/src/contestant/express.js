// What people write in Node.js: Express, better-sqlite3, a commit a request.
const express = require('express');
const Database = require('better-sqlite3');

const [port, file] = process.argv.slice(2);
const database = new Database(file);
database.pragma('journal_mode = WAL');
database.pragma('synchronous = FULL');
database.exec('CREATE TABLE webhook (id TEXT PRIMARY KEY, type TEXT, body TEXT NOT NULL, state TEXT NOT NULL)');
const insert = database.prepare("INSERT OR IGNORE INTO webhook VALUES (?, ?, ?, 'pending')");

const app = express();
app.use(express.raw({ type: () => true }));
app.post('/:source', (request, response) => {
  if (request.get('authorization') !== 'bench-secret') return response.sendStatus(401);
  const event = JSON.parse(request.body);
  insert.run(event.id, event.type, request.body.toString());
  response.sendStatus(200);
});
app.listen(Number(port), '127.0.0.1', 1024);
