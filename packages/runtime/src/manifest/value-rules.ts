import { hiddenCharacter } from './hidden-characters.ts';
import { looksLikeSecret } from './looks-like-secret.ts';
import type { Complaint } from './problem-report.ts';

export const deepestNesting = 32;

const prototypeKeys = new Set(['__proto__', 'constructor', 'prototype']);
/** Keys whose values people and models read. */
export const readableKeys: ReadonlySet<string> = new Set(['id', 'name', 'title', 'description', 'summary', 'tags']);

// Rules for everything in a manifest, whatever it means.

export function checkKey(key: string): Complaint | undefined {
  if (prototypeKeys.has(key)) {
    return {
      message: `The key "${key}" is not allowed anywhere in a manifest`,
      remedy: 'Rename it: JavaScript gives this name a meaning of its own.',
      seen: key,
    };
  }
  if (key === '<<') {
    return {
      message: 'Merge keys are not part of YAML 1.2',
      remedy: 'Write the shared keys into the `metadata` at the top of the file, or repeat them.',
      seen: key,
    };
  }
  return looksLikeSecret(key) ? secret('A key') : checkHidden(key, 'A key');
}

/** `key`: the key that the text stands under. */
export function checkText(text: string, key: string | undefined): Complaint | undefined {
  if (looksLikeSecret(text)) {
    return secret(key === undefined ? 'A value' : `The value of "${key}"`);
  }
  return key !== undefined && readableKeys.has(key) ? checkHidden(text, `"${key}"`) : undefined;
}

/** `written`: the number as it stands in the file, where there is a file. */
export function checkNumber(value: number, written: string | undefined): Complaint | undefined {
  if (!Number.isFinite(value)) {
    return { message: 'Only finite numbers are allowed', remedy: 'Write a finite number, or put the text in quotes.' };
  }
  const isInteger =
    written === undefined ? Number.isInteger(value) : /^[-+]?(?:\d+|0x[\da-f]+|0o[0-7]+)$/i.test(written);
  if (isInteger && !Number.isSafeInteger(value)) {
    return {
      message: 'The number has more digits than can be kept',
      remedy: 'Put it in quotes if it is an identifier; whole numbers go up to 9007199254740991.',
    };
  }
  return undefined;
}

export const tooDeep: Complaint = {
  message: `Nested deeper than ${deepestNesting} levels`,
  remedy: 'Flatten it.',
};

export function secret(what: string): Complaint {
  return {
    message: `${what} looks like a secret`,
    remedy:
      'Put it into an environment variable, name that variable in an `*_env_var` key, and replace the secret: it stood in a file.',
    seen: false,
  };
}

function checkHidden(text: string, what: string): Complaint | undefined {
  const hidden = hiddenCharacter(text);
  if (hidden === undefined) return undefined;
  return {
    message: `${what} holds a character that cannot be seen (${hidden})`,
    remedy: 'Delete it; it may have come along with a copied text.',
    seen: false,
  };
}
