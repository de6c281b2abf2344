import { describe, expect, it } from 'vitest';
import { createAddressRule, isPrivateAddress } from '../../src/upstream/address-rule.ts';

describe('isPrivateAddress', () => {
  it.each([
    '127.0.0.1',
    '127.255.255.254',
    '0.0.0.0',
    '10.1.2.3',
    '100.64.0.1',
    '169.254.169.254',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '192.0.2.1',
    '198.19.0.1',
    '224.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::ffff:10.0.0.1',
    '::ffff:7f00:1',
    '0:0:0:0:0:ffff:a00:1',
    '::10.0.0.1',
    '64:ff9b::10.0.0.1',
    '64:ff9b::a9fe:a9fe',
    '2002:7f00:1::',
    '2002:a00:1::1',
    'fe80::1',
    'fe80::1%eth0',
    'fd00::1',
    'ff02::1',
    '2001:db8::1',
    '[::1]',
    'example.com',
    '',
    '0x7f.1',
    '2130706433',
  ])('holds for %j', (address) => {
    expect(isPrivateAddress(address)).toBe(true);
  });

  it.each([
    '1.1.1.1',
    '9.255.255.255',
    '11.0.0.1',
    '100.63.255.255',
    '100.128.0.0',
    '172.15.255.255',
    '172.32.0.0',
    '192.167.255.255',
    '223.255.255.255',
    '2606:4700::1111',
    '::ffff:1.1.1.1',
    '64:ff9b::101:101',
    '2002:101:101::1',
    '[2606:4700::1111]',
  ])('does not hold for %j', (address) => {
    expect(isPrivateAddress(address)).toBe(false);
  });
});

describe('the rule', () => {
  it('lets named hosts have any address, in whatever spelling', () => {
    const rule = createAddressRule(['Registry.Local.', '[::1]']);
    rule.check('registry.local', '10.0.0.1');
    rule.check('REGISTRY.LOCAL', '10.0.0.1');
    rule.check('::1', '::1');
    expect(() => rule.check('other.local', '10.0.0.1')).toThrow('other.local (10.0.0.1)');
    expect(() => rule.check('10.0.0.1', '10.0.0.1')).toThrow('10.0.0.1 is a private address');
    rule.check('other.example', '1.1.1.1');
  });
});
