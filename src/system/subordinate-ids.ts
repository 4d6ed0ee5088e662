/** Subordinate uids begin here, or higher (login.defs(5), SUB_UID_MIN is 100000); system users stay below. */
export const lowestSubordinate = 65_536;
