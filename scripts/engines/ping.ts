/** Does an engine listen there? docker's daemon and podman's service answer the same question. */
import { get } from 'node:http';

/** Asks a socket of an engine for a sign of life. Never throws; false after 2 s of silence. */
export const answersPing = (socketPath: string): Promise<boolean> =>
  new Promise((resolve) => {
    const request = get({ socketPath, path: '/_ping', timeout: 2000 }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    request.on('timeout', () => request.destroy());
    request.on('error', () => resolve(false));
  });
