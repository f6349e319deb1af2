/** Names of extended attributes. @see xattr(7) */
export const XATTR_USER_PREFIX = 'user.';
export const XATTR_TRUSTED_PREFIX = 'trusted.';
export const XATTR_SECURITY_PREFIX = 'security.';
export const XATTR_SYSTEM_PREFIX = 'system.';
/** File capabilities, `struct vfs_cap_data`. */
export const XATTR_SECURITY_CAPABILITY = 'security.capability';
/** Where overlayfs notes what it needs to know of an upper object. @see fs/overlayfs/overlayfs.h */
export const OVERLAY_XATTR_PREFIX = 'trusted.overlay.';
export const OVERLAY_USER_XATTR_PREFIX = 'user.overlay.';
