import { open } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { pipeline } from 'node:stream/promises'
import { AppError, isAppError } from '#contracts/errors.ts'
import { type BooterConfig, parseMac } from '#contracts/platform/booter.ts'
import { platformFilePath, readStamps } from './platforms.ts'
import { chooseNode, renderBase, renderFirstScript, renderLocalScript, renderNodeScript } from './script.ts'

export interface BooterServer {
  port: number
  close: () => Promise<void>
}

export interface BooterServerOptions {
  listen: { host: string; port: number }
  /** Where machines reach this server: `http://HOST:PORT`; from the configuration unless told. */
  base?: string
  /** The configuration as it is now; asked at each request. */
  readConfig: () => Promise<BooterConfig>
  /** A line for each request. */
  log: (line: string) => void
}

interface Answer {
  status: number
  type: string
  body: string | { file: string }
}

/** At the same time; a room full of machines asks for little else than long downloads. */
const largestCount = 512

/** Serves scripts, images and answers to machines that boot. Read-only, and nothing but these. */
export async function startBooterServer(options: BooterServerOptions): Promise<BooterServer> {
  const server = createServer({ maxHeaderSize: 8192, headersTimeout: 10_000, requestTimeout: 20_000, keepAliveTimeout: 5000 }, (request, response) => {
    void answerRequest(request, response, options)
  })
  server.maxConnections = largestCount
  const listening = Promise.withResolvers<void>()
  server.once('error', (cause) => {
    const { host, port } = options.listen
    listening.reject(
      new AppError('CommandFailed', `The HTTP server cannot listen on ${host} port ${port}.`, { cause, hint: 'choose another port in the configuration' }),
    )
  })
  server.listen(options.listen.port, options.listen.host, listening.resolve)
  await listening.promise
  const address = server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : options.listen.port,
    async close() {
      server.closeAllConnections()
      await new Promise<void>((resolve) => void server.close(() => resolve()))
    },
  }
}

async function answerRequest(request: IncomingMessage, response: ServerResponse, options: BooterServerOptions): Promise<void> {
  const started = performance.now()
  // Whatever is sent with a request is not wanted.
  request.resume()
  const answer = await findAnswer(request, options).catch((error: unknown): Answer => renderFailure(error, options.log))
  const sent = await sendAnswer(answer, request.method === 'HEAD', response)
  const what = `${request.socket.remoteAddress ?? '-'} ${request.method} ${renderUrl(request.url ?? '')}`
  options.log(`${what} ${sent.status} ${sent.bytes} bytes ${Math.round(performance.now() - started)} ms${sent.whole ? '' : ', cut short'}`)
}

/** What a client chose goes into the log without control characters, and not at any length. */
function renderUrl(url: string): string {
  return url
    .replaceAll('%3A', ':')
    .replaceAll(/[^\x21-\x7e]/g, '?')
    .slice(0, 200)
}

function renderFailure(error: unknown, log: (line: string) => void): Answer {
  const sentence = isAppError(error)
    ? [error.message, ...(error.details ?? []).map(({ path, message }) => `${path} ${message}`)].join(' ')
    : 'This is a defect of the booter.'
  log(isAppError(error) ? sentence : `${sentence} ${String(error)}`)
  return { status: isAppError(error) ? error.status : 500, type: 'text/plain', body: `${sentence}\n` }
}

async function findAnswer(request: IncomingMessage, options: BooterServerOptions): Promise<Answer> {
  if (request.method !== 'GET' && request.method !== 'HEAD') return { status: 405, type: 'text/plain', body: 'This server answers GET and HEAD only.\n' }
  const url = URL.parse(request.url ?? '', 'http://booter')
  const path = url?.pathname ?? ''
  if (path === '/boot.ipxe') return await findScript(url!.searchParams.get('mac'), options)
  const answers = /^\/answers\/([0-9A-Fa-f:-]{17})\.json$/.exec(path)
  if (answers !== null) return await findAnswers(answers[1]!, options)
  const file = /^\/platform-([0-9TZ]{1,20})\/([A-Za-z0-9._]{1,40})$/.exec(path)
  if (file !== null) {
    const found = platformFilePath((await options.readConfig()).platforms, file[1]!, file[2]!)
    if (found !== null) return { status: 200, type: 'application/octet-stream', body: { file: found } }
  }
  throw new AppError('NotFound', 'There is nothing at this address.')
}

async function findScript(given: string | null, options: BooterServerOptions): Promise<Answer> {
  const config = await options.readConfig()
  const base = options.base ?? renderBase(config)
  const script = (body: string): Answer => ({ status: 200, type: 'text/plain', body })
  if (given === null) return script(renderFirstScript(base))
  const mac = readMac(given)
  const node = chooseNode(config, mac)
  if (node === null || node.boot === 'local') return script(renderLocalScript(mac))
  const stamps = await readStamps(config.platforms)
  const stamp = node.platform === undefined || node.platform === 'latest' ? stamps.at(-1) : stamps.find((one) => one === node.platform)
  if (stamp === undefined) throw new AppError('NotFound', `${mac} wants the platform image ${node.platform ?? 'latest'}, which is not in ${config.platforms}.`)
  return script(renderNodeScript(node, { mac, stamp, base }))
}

async function findAnswers(given: string, options: BooterServerOptions): Promise<Answer> {
  const mac = readMac(given)
  const answers = chooseNode(await options.readConfig(), mac)?.answers
  if (answers === undefined) throw new AppError('NotFound', `There are no answers for ${mac}.`)
  return { status: 200, type: 'application/json', body: `${JSON.stringify(answers, null, 2)}\n` }
}

function readMac(given: string): string {
  const mac = parseMac(given)
  if (mac === null) throw new AppError('InvalidPayload', 'The mac of a request must be a MAC address, such as 52:54:00:12:34:56.')
  return mac
}

async function sendAnswer(
  { status, type, body }: Answer,
  headOnly: boolean,
  response: ServerResponse,
): Promise<{ status: number; bytes: number; whole: boolean }> {
  if (typeof body === 'object') return await sendFile(body.file, headOnly, response)
  const length = Buffer.byteLength(body)
  response.writeHead(status, { 'content-type': `${type}; charset=utf-8`, 'content-length': length, 'cache-control': 'no-store' })
  response.end(headOnly ? undefined : body)
  return { status, bytes: headOnly ? 0 : length, whole: true }
}

async function sendFile(path: string, headOnly: boolean, response: ServerResponse): Promise<{ status: number; bytes: number; whole: boolean }> {
  const file = await open(path, 'r').catch(() => null)
  const found = await file?.stat()
  if (file === null || found?.isFile() !== true) {
    await file?.close()
    response.writeHead(404, { 'content-length': 0 }).end()
    return { status: 404, bytes: 0, whole: true }
  }
  response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': found.size })
  if (headOnly || found.size === 0) {
    await file.close()
    response.end()
    return { status: 200, bytes: 0, whole: true }
  }
  // Not more than was promised, should the file grow.
  const stream = file.createReadStream({ highWaterMark: 1 << 20, end: found.size - 1 })
  const whole = await pipeline(stream, response).then(
    () => true,
    // The machine was switched off, or lost its way.
    () => false,
  )
  return { status: 200, bytes: stream.bytesRead, whole }
}
