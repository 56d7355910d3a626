// Endpoints and leaks, so that there is something to see on their pages.

/** Makes an endpoint of the demo tenant with a notice that nobody takes; gives its identifier. */
export async function newWebhook(world, url = 'https://hooks.example.com/mintmark') {
  const api = await world.api()
  const tenant = (await api.get('/tenants')).items.find(({ name }) => name === 'Demo tenant')
  const { id } = await api.post('/environments/sandbox/webhooks', { tenant_id: tenant.id, url, kinds: ['leak.quarantined', 'secret.expiring'] })
  await api.post(`/environments/sandbox/webhooks/${id}/test`)
  return id
}

/** Reports the secret of a client as whoever holds it may; gives the leak. */
export async function reportLeak(world, client, url = 'https://paste.example/1') {
  const { leak } = await (await world.api()).post('/environments/sandbox/leaks', { secret: client.secret, url })
  return leak
}
