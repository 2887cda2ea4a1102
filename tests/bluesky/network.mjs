// A real Bluesky network on this machine: directory, personal data server, AppView.
//
//   WATCHER_BLUESKY_MODULES=folder DB_POSTGRES_URL=... TMPDIR=... node network.mjs
//
// Prints one line of JSON with its addresses, then answers one line of JSON to each line it reads:
//   {"do": "settle"}  waits until all that was written is indexed
//   {"do": "feed", "uris": [...]}  starts a feed generator that gives these posts
//   {"do": "take down", "did": "..."}  suspends an account, as its server's moderators do
//   {"do": "delete", "did": "..."}  deletes an account for good
// It ends when its standard input does, so it never outlives the tests.

import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { createInterface } from 'node:readline'

const modules = process.env.WATCHER_BLUESKY_MODULES
const require = createRequire(`${modules}/package.json`)
const { TestNetwork } = require('@atproto/dev-env')
const { Secp256k1Keypair } = require('@atproto/crypto')
const plc = require('@did-plc/lib')

process.env.REDIS_HOST ??= 'unused' // the AppView only insists that it is named
const network = await TestNetwork.create({
  dbPostgresSchema: 'watcher',
  pds: { rateLimitsEnabled: process.env.RATE_LIMITS === 'yes' },
})
const asAdmin = async (method, body) => {
  const answer = await fetch(`${network.pds.url}/xrpc/${method}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...network.pds.adminAuthHeaders() },
    body: JSON.stringify(body),
  })
  if (!answer.ok) throw new Error(await answer.text())
  return { done: true }
}
const say = (value) => process.stdout.write(JSON.stringify(value) + '\n')

const commands = {
  settle: async () => {
    await network.processAll(30_000)
    return { settled: true }
  },
  'take down': ({ did }) =>
    asAdmin('com.atproto.admin.updateSubjectStatus', {
      subject: { $type: 'com.atproto.admin.defs#repoRef', did },
      takedown: { applied: true, ref: 'tests' },
    }),
  delete: ({ did }) => asAdmin('com.atproto.admin.deleteAccount', { did }),
  feed: async ({ uris }) => {
    const server = createServer((_, answer) => {
      answer.setHeader('Content-Type', 'application/json')
      answer.end(JSON.stringify({ feed: uris.map((post) => ({ post })) }))
    })
    await new Promise((listening) => server.listen(0, '127.0.0.1', listening))
    const key = await Secp256k1Keypair.create()
    const endpoint = `http://localhost:${server.address().port}`
    const made = await plc.signOperation(
      {
        type: 'plc_operation',
        verificationMethods: { atproto: key.did() },
        rotationKeys: [key.did()],
        alsoKnownAs: [],
        services: { bsky_fg: { type: 'BskyFeedGenerator', endpoint } },
        prev: null,
      },
      key,
    )
    const did = await plc.didForCreateOp(made)
    await new plc.Client(network.plc.url).sendOperation(did, made)
    return { did }
  },
}

say({ pds: network.pds.url, appview: network.bsky.url, plc: network.plc.url })
for await (const line of createInterface({ input: process.stdin })) {
  try {
    const asked = JSON.parse(line)
    say(await commands[asked.do](asked))
  } catch (error) {
    say({ error: String(error?.stack ?? error) })
  }
}
process.exit(0)
