package main

import (
	"errors"
	"path/filepath"

	"github.com/thetaedge/theta/executor"
	"github.com/thetaedge/theta/executor/profiles"
	"github.com/thetaedge/theta/executor/tensors"
	"github.com/thetaedge/theta/executor/wasm"
	"github.com/thetaedge/theta/tests/devnet"
)

// openExecutors returns the executors of the liar: one that alters the results of programs of wasm/1,
// and one that runs programs of tensor/1 with changed models, which it keeps below home.
func openExecutors(home string, slots int) ([]executor.Executor, error) {
	confession := devnet.NewConfession(home)
	programs, err := profiles.Open(wasm.Profile, profiles.Config{Slots: slots})
	if err != nil {
		return nil, err
	}
	models, err := profiles.Open(tensors.Profile, profiles.Config{Slots: 2 * slots, Timely: true})
	if err != nil {
		return nil, errors.Join(err, programs.Close())
	}
	liar, err := newModelLiar(models, filepath.Join(home, "changed"), confession)
	if err != nil {
		return nil, errors.Join(err, models.Close(), programs.Close())
	}
	return []executor.Executor{newLyingExecutor(programs, confession), liar}, nil
}

func closeAll(executors []executor.Executor) error {
	var err error
	for _, e := range executors {
		err = errors.Join(err, e.Close())
	}
	return err
}
