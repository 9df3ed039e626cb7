package service

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/sys/windows"
)

// stopEvent is the name of the event of Windows that tells the daemon of a home to stop.
func stopEvent(home string) string {
	name := sha256.Sum256([]byte(strings.ToLower(strings.TrimRight(home, `\`))))
	return `Local\thetaedge-stop-` + hex.EncodeToString(name[:16])
}

// openTask returns the task of this user.
func openTask(name string) (Task, error) {
	user, err := windows.GetCurrentProcessToken().GetTokenUser()
	if err != nil {
		return Task{}, fmt.Errorf("cannot find the identifier of this user: %w", err)
	}
	return Task{Name: name, User: user.User.Sid.String(), Run: Execute, Tell: tellToStop, Listens: listens}, nil
}

// tellToStop gives the daemon of a home the order to stop. It returns false if there is none that listens.
func tellToStop(home string) (bool, error) {
	return withEvent(home, windows.SetEvent)
}

// listens reports whether a daemon of a home listens to the order to stop.
func listens(home string) (bool, error) {
	return withEvent(home, func(windows.Handle) error { return nil })
}

// withEvent calls a function with the event of a home. It returns false if there is none.
func withEvent(home string, do func(windows.Handle) error) (bool, error) {
	name, err := windows.UTF16PtrFromString(stopEvent(home))
	if err != nil {
		return false, err
	}
	event, err := windows.OpenEvent(windows.EVENT_MODIFY_STATE, false, name)
	if errors.Is(err, windows.ERROR_FILE_NOT_FOUND) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("cannot reach the daemon of %s: %w", home, err)
	}
	return true, errors.Join(do(event), windows.CloseHandle(event))
}
