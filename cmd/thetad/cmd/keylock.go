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

// lockPoll is the pause between two tries to take a lock that another program holds.
const lockPoll = 200 * time.Millisecond

// errHeld means that another program holds the lock.
var errHeld = errors.New("another program holds the lock")

// keyLock lets only one program of this machine send with a key at a time. An account's
// transactions run one after the other anyway, and transactions that are sent at the same
// time invalidate each other. The lock ends with the program that holds it, so a killed
// program leaves none. Where a lock cannot be taken, transactions are signed again instead.
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
				tell("Another program is sending with this key; waiting for it")
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
