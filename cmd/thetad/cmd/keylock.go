package cmd

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	sdk "github.com/cosmos/cosmos-sdk/types"
)

// lockPoll is how often a lock that another program holds is tried.
const lockPoll = 200 * time.Millisecond

// errHeld: another program has the lock.
var errHeld = errors.New("another program holds the lock")

// keyLock lets one program of this machine at a time send with a key: an account's
// transactions run one after the other anyway, and those that are sent at the same time
// keep each other out. The lock goes with the program that holds it, so a killed one
// leaves none. Where there can be no lock, transactions are signed anew instead.
func keyLock(dir string, addr sdk.AccAddress, tell func(string)) func(context.Context) (func(), error) {
	path := filepath.Join(dir, fmt.Sprintf(".theta-%s.lock", addr))
	return func(ctx context.Context) (func(), error) {
		file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
		if err != nil {
			return func() {}, nil //nolint:nilerr // it is a courtesy, not what keeps money safe
		}
		told := false
		for {
			err := tryLock(file)
			if err == nil || !errors.Is(err, errHeld) {
				return func() { _ = file.Close() }, nil
			}
			if !told {
				tell("Another program sends with this key; waiting for it")
				told = true
			}
			timer := time.NewTimer(lockPoll)
			select {
			case <-ctx.Done():
				timer.Stop()
				return nil, errors.Join(context.Cause(ctx), file.Close())
			case <-timer.C:
			}
		}
	}
}
