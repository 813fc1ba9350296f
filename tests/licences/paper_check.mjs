// Asked by test_paper_script.py: reads one JSON from standard input, writes one JSON with an answer for each code.
import { readFileSync } from "node:fs"
import { pathToFileURL } from "node:url"
const { check, openList, trustOf, statusesOf } = await import(pathToFileURL(process.argv[2]))
const asked = JSON.parse(readFileSync(0, "utf8"))
const opened = async (jws, kind) => { try { return await openList(jws, asked.root, kind) } catch (wrong) { return wrong.message } }
const body = await opened(asked.trust, "tongban-trust-list"), status = asked.status && await opened(asked.status, "tongban-licence-status")
const answers = []
if (typeof body !== "string") {
  const trust = trustOf(body), statuses = status && typeof status !== "string" ? statusesOf(status) : null
  for (const code of asked.codes) {
    const { signature, state, reason, age, code: read } = await check(code, trust, statuses, asked.now, { ourselves: asked.ourselves })
    answers.push({ signature, state, reason, age, number: read?.number ?? "", face: read?.face ?? [] })
  }
}
process.stdout.write(JSON.stringify({ lists: [typeof body === "string" ? body : "", typeof status === "string" ? status : ""], answers }))
