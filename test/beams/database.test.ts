/** The Beams doors over PostgreSQL, and while it is away. */
import { expect, it } from 'vitest';
import { startPostgres } from '../support/postgres.ts';
import { startServer } from '../support/server.ts';
import { beamsApp, DEVICES, expectRefusal, fcmDevice, publish, request } from './support.ts';
import { TOKENS } from './vectors.ts';

it('serves again once PostgreSQL is back; meanwhile says, in its form, that it can’t', async () => {
  const postgres = await startPostgres();
  const server = await startServer({
    apps: [beamsApp()],
    database: { url: await postgres.createDatabase() },
  });
  const body = { fcm: { data: {} }, interests: ['a'] };
  const id = await fcmDevice(server, 'phone');
  const headers = { authorization: `Bearer ${TOKENS.T2}` };
  expect((await request(server, 'PUT', `${DEVICES}/fcm/${id}/user`, { headers })).status).toBe(200);
  await request(server, 'PUT', `${DEVICES}/fcm/${id}/interests`, { body: { interests: ['b', 'B', 'a'] } });
  expect((await request(server, 'GET', `${DEVICES}/fcm/${id}/interests`)).json()).toMatchObject({
    interests: ['B', 'a', 'b'],
  });
  expect((await publish(server, 'interests', body)).status).toBe(200);

  await postgres.crash();
  const away = [503, 'Service Unavailable', 'The service is temporarily unavailable.'] as const;
  expectRefusal(await publish(server, 'interests', body), ...away);
  expectRefusal(await request(server, 'GET', `${DEVICES}/fcm/${id}`), ...away);

  await postgres.restart();
  let answer = await request(server, 'GET', `${DEVICES}/fcm/${id}`);
  while (answer.status === 503) answer = await request(server, 'GET', `${DEVICES}/fcm/${id}`);
  expect(answer.json()).toMatchObject({ id, userId: 'user-001' });
  expect((await publish(server, 'interests', body)).status).toBe(200);
  await server.stop();
  await postgres.stop();
});
