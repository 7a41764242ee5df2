/**
 * The service worker of the web SDK, as a browser gets it; an application's own worker takes it in by `importScripts`.
 * It shows what Beams pushes and reports what becomes of it. The SDK's page part keeps the device's id in IndexedDB, and
 * this reads it there. docs/beams.md.
 */
export const SERVICE_WORKER_SCRIPT = `'use strict';
(() => {
  const beams = {
    // Base address of the server, without a slash at the end. Null: where this worker itself comes from.
    endpointOverride: null,
    // Called instead of showing a notification, with { payload, pushEvent, handleNotification, statePromise }.
    onNotificationReceived: null,
    reportEvent,
  };
  self.PusherPushNotifications = beams;

  self.addEventListener('push', (event) => {
    const pushed = jsonOf(event.data);
    const pusher = pushed && pushed.data && pushed.data.pusher;
    if (!pusher) return;
    const statePromise = stateOf(pusher);
    // As long as the report is under way the browser lets the worker live.
    event.waitUntil(statePromise.then((state) => reportEvent({ eventType: 'delivery', state })));

    const { pusher: _, ...data } = pushed.data;
    const payload = { ...pushed, data };
    const handleNotification = (shown) => show(shown, pusher);
    if (beams.onNotificationReceived) {
      beams.onNotificationReceived({ payload, pushEvent: event, handleNotification, statePromise });
    } else {
      event.waitUntil(handleNotification(payload));
    }
  });

  self.addEventListener('notificationclick', (event) => {
    const pusher = event.notification.data && event.notification.data.pusher;
    // Somebody else's: their listener will see to it.
    if (!pusher) return;
    event.notification.close();
    event.waitUntil(stateOf(pusher.pusherMetadata).then((state) => reportEvent({ eventType: 'open', state })));
    const link = (pusher.customerPayload.notification || {}).deep_link;
    if (link) event.waitUntil(focusOrOpen(link));
  });

  async function show(payload, pusherMetadata) {
    const notification = payload.notification || {};
    if (notification.hide_notification_if_site_has_focus === true && (await anyWindow((one) => one.focused))) return;
    await self.registration.showNotification(notification.title || '', {
      body: notification.body || '',
      icon: notification.icon,
      data: { pusher: { customerPayload: payload, pusherMetadata } },
    });
  }

  async function focusOrOpen(link) {
    const window = await anyWindow((one) => one.url === link);
    return window ? window.focus() : self.clients.openWindow(link);
  }

  async function anyWindow(fits) {
    const windows = await self.clients.matchAll({ type: 'window', includeUncontrolled: true });
    return windows.find(fits);
  }

  // What a report says of the device; undefined if the notification can't be reported.
  async function stateOf({ instanceId, publishId, hasDisplayableContent, hasData }) {
    if (!instanceId || !publishId) return undefined;
    const [device, visible] = await Promise.all([
      deviceOf(instanceId),
      anyWindow((one) => one.visibilityState === 'visible'),
    ]);
    return {
      instanceId,
      publishId,
      deviceId: device.device_id || null,
      userId: device.user_id || null,
      appInBackground: visible === undefined,
      hasDisplayableContent,
      hasData,
    };
  }

  // Best effort: nobody is waiting for a report.
  async function reportEvent({ eventType, state }) {
    if (!state) return;
    const { instanceId, publishId, deviceId, userId, appInBackground, hasDisplayableContent, hasData } = state;
    const base = beams.endpointOverride || self.location.origin;
    const report = {
      publishId,
      event: eventType,
      deviceId,
      userId,
      timestampSecs: Math.floor(Date.now() / 1000),
      appInBackground,
      hasDisplayableContent,
      hasData,
    };
    try {
      await fetch(base + '/reporting_api/v2/instances/' + encodeURIComponent(instanceId) + '/events', {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify(report),
      });
    } catch {
      // Offline again.
    }
  }

  // The row that the SDK's page part keeps; {} if there is none.
  function deviceOf(instanceId) {
    return new Promise((resolve) => {
      const opening = indexedDB.open('beams-' + instanceId);
      // Whoever opens it first makes the store, in the form that the page part expects.
      opening.onupgradeneeded = () => opening.result.createObjectStore('beams', { keyPath: 'instance_id' });
      opening.onerror = () => resolve({});
      opening.onsuccess = () => {
        const database = opening.result;
        const reading = database.transaction('beams').objectStore('beams').get(instanceId);
        reading.onerror = () => resolve({});
        reading.onsuccess = () => resolve(reading.result || {});
        reading.transaction.oncomplete = () => database.close();
      };
    });
  }

  function jsonOf(data) {
    try {
      return data && data.json();
    } catch {
      return undefined;
    }
  }
})();
`;
