package keeper

import (
	"bytes"
	"context"

	"github.com/thetaedge/theta/x/compute/types"
)

// requesterJob returns a job that has not ended and that belongs to the requester.
func (k *Keeper) requesterJob(ctx context.Context, requester, jobID string) (types.JobID, types.Job, error) {
	id, err := types.ParseJobID(jobID)
	if err != nil {
		return id, types.Job{}, err
	}
	job, err := k.Job(ctx, id)
	if err != nil {
		return id, job, err
	}
	if err := k.checkRequester(&job, requester); err != nil {
		return id, job, err
	}
	if job.Ended() {
		return id, job, types.ErrJobEnded.Wrapf("job %s is %s", id, job.Status)
	}
	return id, job, nil
}

// checkRequester returns an error if an account is not the requester of a job. The address
// may be written in lower or upper case.
func (k *Keeper) checkRequester(job *types.Job, requester string) error {
	by, err := k.addresses.StringToBytes(requester)
	if err != nil {
		return types.ErrNotRequester.Wrapf("requester: %s", err)
	}
	owner, err := k.addresses.StringToBytes(job.Requester)
	if err != nil {
		return err
	}
	if !bytes.Equal(by, owner) {
		return types.ErrNotRequester.Wrapf("job %s belongs to %s, found %s", job.Id, job.Requester, requester)
	}
	return nil
}
