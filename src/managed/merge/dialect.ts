import type { ScalarTag, Tags } from 'yaml';

/** These tags of the YAML library write a value anew: of another length, in another zone, to other digits. */
const rewriting = ['int', 'float', 'timestamp'].map((name) => `tag:yaml.org,2002:${name}`);

/** What nobody has changed is written as it stood, to the character. */
function verbatim(tags: Tags): Tags {
  return tags.map((tag) => {
    if (typeof tag === 'string' || !rewriting.includes(tag.tag)) return tag;
    const { stringify } = tag as ScalarTag;
    const kept: ScalarTag = {
      ...(tag as ScalarTag),
      stringify: (item, ...rest) =>
        item.type === 'PLAIN' && item.source !== undefined
          ? item.source
          : (stringify?.(item, ...rest) ?? String(item.value)),
    };
    return kept;
  });
}

/** Python reads config.yaml by YAML 1.1, where a bare `yes` or `on` is true: what is written must be quoted for that. */
export const dialect = {
  version: '1.1',
  merge: true,
  uniqueKeys: false,
  intAsBigInt: true,
  customTags: verbatim,
} as const;
