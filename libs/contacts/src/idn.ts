/** A domain in ASCII (IDNA, as the URL standard does it), or `null` if it is none with at least one dot. */
export const domainToASCII = (domain: string): string | null => {
  if (/[/?#:@\\\s%]/.test(domain) || !URL.canParse(`http://${domain}`)) return null;
  const { hostname } = new URL(`http://${domain}`);
  return /^[a-z0-9-]+(\.[a-z0-9-]+)+$/.test(hostname) && !/^[\d.]+$/.test(hostname) ? hostname : null;
};
