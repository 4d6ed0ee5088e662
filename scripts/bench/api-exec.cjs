// What one exec costs by the engine's API and nothing else: node, its own http, no checks, no signals, no terminal.
//   node api-exec.cjs SOCKET API-VERSION CONTAINER USER COMMAND…
const http = require('node:http');

const [socketPath, version, container, user, ...command] = process.argv.slice(2);
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });

/** One request; `begun` with the answer's parsed body, or with the connection once it is upgraded. */
function ask(method, path, body, begun) {
  const text = body === undefined ? '' : JSON.stringify(body);
  const headers = { 'Content-Type': 'application/json', 'Content-Length': text.length };
  const upgrade = path.endsWith('/start') ? { Connection: 'Upgrade', Upgrade: 'tcp' } : {};
  const options = { socketPath, agent, method, path: `/v${version}${path}` };
  const request = http.request({ ...options, headers: { ...headers, ...upgrade } }, (response) => {
    let answer = '';
    response.on('data', (chunk) => {
      answer += chunk;
    });
    response.on('end', () => {
      if (response.statusCode < 300) begun(JSON.parse(answer));
      else throw new Error(`${path}: ${response.statusCode} ${answer}`);
    });
  });
  request.on('upgrade', (_, socket, head) => begun(socket, head));
  request.end(text);
}

ask('GET', `/containers/${container}/json`, undefined, ({ Id }) => {
  const attach = { AttachStdin: true, AttachStdout: true, AttachStderr: true };
  ask('POST', `/containers/${Id}/exec`, { ...attach, User: user, Cmd: command }, (exec) => {
    ask('POST', `/exec/${exec.Id}/start`, { Detach: false, Tty: false }, (socket) => {
      process.stdin.pipe(socket);
      socket.resume();
      socket.on('end', () => {
        ask('GET', `/exec/${exec.Id}/json`, undefined, ({ ExitCode }) => process.exit(ExitCode));
      });
    });
  });
});
