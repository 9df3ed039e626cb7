package private

import (
	"errors"
	"fmt"
	"os"
	"unsafe"

	"golang.org/x/sys/windows"
)

const (
	// reads are the rights with which a user could read a file or the files of a folder, or obtain
	// the right to.
	reads = windows.FILE_READ_DATA | windows.GENERIC_READ | windows.GENERIC_ALL | windows.WRITE_DAC | windows.WRITE_OWNER
	// allAccess is FILE_ALL_ACCESS.
	allAccess = 0x1f01ff
	// inherits passes rights on to the files and folders of a folder.
	inherits = windows.CONTAINER_INHERIT_ACE | windows.OBJECT_INHERIT_ACE
)

// crowds are the groups that contain users whom the owner has not chosen.
func crowds() []windows.WELL_KNOWN_SID_TYPE {
	return []windows.WELL_KNOWN_SID_TYPE{
		windows.WinWorldSid, windows.WinAuthenticatedUserSid, windows.WinBuiltinUsersSid, windows.WinBuiltinGuestsSid,
		windows.WinAnonymousSid, windows.WinInteractiveSid, windows.WinNetworkSid,
	}
}

// Check returns an error if users of the machine in general could read a file, with what to do.
func Check(path string) error {
	who, err := reader(path)
	if err != nil {
		return err
	}
	if who != "" {
		return fmt.Errorf("%s: expected a file that only its owner can read, found one that %s can read; run icacls \"%s\" /inheritance:r /grant:r \"%s:F\"", path, who, path, ownName())
	}
	return nil
}

// checkFolder refuses a folder whose new files users of the machine in general could read.
func checkFolder(path string) error {
	who, err := reader(path)
	if err != nil {
		return err
	}
	if who != "" {
		return fmt.Errorf("expected a folder that only this user can read, found %s, which %s can read; choose a folder that does not exist yet, or run icacls \"%s\" /inheritance:r /grant:r \"%s:(OI)(CI)F\"", path, who, path, ownName())
	}
	return nil
}

// reader returns the name of a group of users in general that can read a file, or "".
func reader(path string) (string, error) {
	if _, err := os.Stat(path); err != nil {
		return "", err
	}
	rights, err := windows.GetNamedSecurityInfo(path, windows.SE_FILE_OBJECT, windows.DACL_SECURITY_INFORMATION)
	if err != nil {
		return "", fmt.Errorf("cannot read who may use %s: %w", path, err)
	}
	list, _, err := rights.DACL()
	if err != nil || list == nil {
		// A file system without access control lists, such as FAT32, gives all users all rights.
		return "every user", nil
	}
	for i := range uint32(list.AceCount) {
		var entry *windows.ACCESS_ALLOWED_ACE
		if err := windows.GetAce(list, i, &entry); err != nil {
			return "", fmt.Errorf("cannot read who may use %s: %w", path, err)
		}
		if entry.Header.AceType != windows.ACCESS_ALLOWED_ACE_TYPE || entry.Mask&reads == 0 {
			continue
		}
		who := (*windows.SID)(unsafe.Pointer(&entry.SidStart)) //nolint:gosec // the identifier begins there
		for _, crowd := range crowds() {
			if who.IsWellKnown(crowd) {
				return nameOf(who), nil
			}
		}
	}
	return "", nil
}

// enclose gives all rights to this user, the system and the administrators, and none to others. In a
// folder, new files get the same rights.
func enclose(path string, folder bool) error {
	user, err := windows.GetCurrentProcessToken().GetTokenUser()
	if err != nil {
		return err
	}
	owners := []*windows.SID{user.User.Sid}
	for _, kind := range []windows.WELL_KNOWN_SID_TYPE{windows.WinLocalSystemSid, windows.WinBuiltinAdministratorsSid} {
		sid, err := windows.CreateWellKnownSid(kind)
		if err != nil {
			return err
		}
		owners = append(owners, sid)
	}
	var passesOn uint32 = windows.NO_INHERITANCE
	if folder {
		passesOn = inherits
	}
	var entries []windows.EXPLICIT_ACCESS
	for _, owner := range owners {
		entries = append(entries, windows.EXPLICIT_ACCESS{
			AccessPermissions: allAccess, AccessMode: windows.SET_ACCESS, Inheritance: passesOn,
			Trustee: windows.TRUSTEE{TrusteeForm: windows.TRUSTEE_IS_SID, TrusteeValue: windows.TrusteeValueFromSID(owner)},
		})
	}
	list, err := windows.ACLFromEntries(entries, nil)
	if err != nil {
		return err
	}
	if err := windows.SetNamedSecurityInfo(path, windows.SE_FILE_OBJECT, protected, nil, nil, list, nil); err != nil {
		return err
	}
	// Wine adds the rights that the folder above passes on.
	if who, err := reader(path); err != nil || who == "" {
		return err
	}
	return setAlone(path, list)
}

// protected means that a list of rights does not get those that the folder above passes on.
const protected = windows.DACL_SECURITY_INFORMATION | windows.PROTECTED_DACL_SECURITY_INFORMATION

// setAlone sets the rights of a file or folder without a look at the folder above.
func setAlone(path string, list *windows.ACL) error {
	name, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return err
	}
	rights, err := windows.NewSecurityDescriptor()
	if err != nil {
		return err
	}
	err = errors.Join(rights.SetDACL(list, true, false), rights.SetControl(windows.SE_DACL_PROTECTED, windows.SE_DACL_PROTECTED))
	if err != nil {
		return err
	}
	const shared = windows.FILE_SHARE_READ | windows.FILE_SHARE_WRITE | windows.FILE_SHARE_DELETE
	file, err := windows.CreateFile(name, windows.WRITE_DAC|windows.READ_CONTROL, shared, nil, windows.OPEN_EXISTING, windows.FILE_FLAG_BACKUP_SEMANTICS, 0)
	if err != nil {
		return err
	}
	return errors.Join(windows.SetKernelObjectSecurity(file, protected, rights), windows.CloseHandle(file))
}

// nameOf returns the name of a user or group as this system shows it.
func nameOf(sid *windows.SID) string {
	account, domain, _, err := sid.LookupAccount("")
	switch {
	case err != nil:
		return sid.String()
	case domain == "":
		return account
	}
	return domain + `\` + account
}

// ownName returns the name of this user.
func ownName() string {
	user, err := windows.GetCurrentProcessToken().GetTokenUser()
	if err != nil {
		return os.Getenv("USERNAME")
	}
	return nameOf(user.User.Sid)
}
