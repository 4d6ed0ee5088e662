/** What stands in hermes's place in a container that is measured. */

/** How many bytes a busy session writes or reads. */
export const gigabyte = 1_000_000_000;

/** One that does nothing, one that waits, one that writes a gigabyte, one that reads all it gets. */
export const standIns = {
  hermes: '#!/bin/sh\nexit 0\n',
  pause: '#!/bin/sh\nexec sleep 600\n',
  pour: `#!/bin/sh\nexec dd if=/dev/zero bs=1000000 count=${gigabyte / 1_000_000} 2>/dev/null\n`,
  swallow: '#!/bin/sh\nexec cat >/dev/null\n',
} as const;
