// Asked by test_foreign_eyes.py: reads grey pixels from standard input, writes what the code in them says.
import { readFileSync } from "node:fs"
import { pathToFileURL } from "node:url"
const [decoder, width, height] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])]
const { default: decodeQR } = await import(pathToFileURL(decoder))
const grey = readFileSync(0), data = new Uint8ClampedArray(width * height * 4)
for (let at = 0; at < grey.length; at++) data.set([grey[at], grey[at], grey[at], 255], at * 4)
process.stdout.write(decodeQR({ width, height, data }))
