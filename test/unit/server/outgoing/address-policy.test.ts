/** Which addresses requests may go to, in every spelling the system or a URL may bring. */
import { describe, expect, it } from 'vitest';
import { AddressPolicy } from '../../../../server/outgoing/address-policy.ts';

const strict = new AddressPolicy({ allowPrivate: false, allowLoopback: false });
const development = new AddressPolicy({ allowPrivate: false, allowLoopback: true });
const open = new AddressPolicy({ allowPrivate: true, allowLoopback: false });

const LOOPBACK = [
  '127.0.0.1',
  '127.255.255.254',
  '::1',
  '0:0:0:0:0:0:0:1',
  '0000:0000:0000:0000:0000:0000:0000:0001',
  '::ffff:127.0.0.1',
  '::ffff:7f00:1',
  '::FFFF:127.0.0.1',
  '0:0:0:0:0:ffff:7f00:0001',
];

const INNER = [
  '0.0.0.0',
  '0.1.2.3',
  '10.0.0.1',
  '100.64.0.1',
  '100.100.100.200',
  '169.254.169.254',
  '172.16.0.1',
  '172.31.255.255',
  '192.0.0.192',
  '192.168.1.1',
  '198.18.0.1',
  '224.0.0.1',
  '239.255.255.250',
  '240.0.0.1',
  '255.255.255.255',
  '::',
  '::ffff:10.0.0.1',
  '::ffff:a9fe:a9fe',
  '::169.254.169.254',
  '64:ff9b::a9fe:a9fe',
  '2002:a9fe:a9fe::',
  'fc00::1',
  'fd00:ec2::254',
  'fe80::1',
  'fe80::1%eth0',
  'febf::1',
  'ff02::1',
  '2001:db8::1',
  '::ffff:0:a9fe:a9fe',
  '::ffff:0:169.254.169.254',
  '3fff::1',
  '3fff:fff::1',
  '5f00::1',
  '100:0:0:1::1',
];

const OUTER = [
  '8.8.8.8',
  '1.1.1.1',
  '172.15.0.1',
  '172.32.0.1',
  '100.63.255.255',
  '100.128.0.1',
  '2606:4700::1111',
  '::ffff:8.8.8.8',
];

describe('AddressPolicy', () => {
  it.each(LOOPBACK)('%s is this machine: for development only', (address) => {
    expect([strict, development, open].map((policy) => policy.allows(address))).toEqual([false, true, true]);
  });

  it.each(INNER)('%s is inside: only when private addresses are allowed', (address) => {
    expect([strict, development, open].map((policy) => policy.allows(address))).toEqual([false, false, true]);
  });

  it.each(OUTER)('%s is outside: always', (address) => {
    expect([strict, development, open].map((policy) => policy.allows(address))).toEqual([true, true, true]);
  });

  it.each(['', 'localhost', '127.1', '2130706433', '0x7f.1', '1.2.3.4.5', ':::'])(
    '%j is no address',
    (text) => {
      expect([strict, development, open].map((policy) => policy.allows(text))).toEqual([false, false, false]);
    },
  );
});
