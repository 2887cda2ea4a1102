// A real Bluesky network on this machine: directory, personal data server, AppView.
//
//   WATCHER_BLUESKY_MODULES=folder DB_POSTGRES_URL=... TMPDIR=... node network.mjs
//
// Prints one line of JSON with its addresses, then answers one line of JSON to each line it reads:
//   {"do": "settle"}                      waits until all that was written is indexed
//   {"do": "feed", "name": n, "uris": []} starts a feed generator that gives these posts
// It ends when its standard input does, so it never outlives the tests.

import { createRequire } from 'node:module'
import { createInterface } from 'node:readline'

const modules = process.env.WATCHER_BLUESKY_MODULES
const { TestNetwork } = createRequire(`${modules}/package.json`)('@atproto/dev-env')

process.env.REDIS_HOST ??= 'unused' // the AppView only insists that it is named
const network = await TestNetwork.create({
  dbPostgresSchema: 'watcher',
  pds: { rateLimitsEnabled: process.env.RATE_LIMITS === 'yes' },
})
const say = (value) => process.stdout.write(JSON.stringify(value) + '\n')

const commands = {
  settle: async () => {
    await network.processAll(30_000)
    return { settled: true }
  },
  feed: async ({ name, uris }) => {
    const did = network.pds.ctx.cfg.service.did
    const address = `at://${did}/app.bsky.feed.generator/${name}`
    const feed = async () => ({
      encoding: 'application/json',
      body: { feed: uris.map((post) => ({ post })) },
    })
    const generator = await network.createFeedGen({ [address]: feed })
    return { did: generator.did, address }
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
