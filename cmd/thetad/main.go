// Command thetad is the node of Theta Edge and the client of its chain.
package main

import (
	"fmt"
	"os"

	svrcmd "github.com/cosmos/cosmos-sdk/server/cmd"

	"github.com/thetaedge/theta/app"
	"github.com/thetaedge/theta/app/params"
	"github.com/thetaedge/theta/client/grpcnode"
	"github.com/thetaedge/theta/cmd/thetad/cmd"
	"github.com/thetaedge/theta/internal/osfault"
)

func main() {
	params.SetSDKDefaults()
	if err := svrcmd.Execute(cmd.NewRootCmd(), "THETAD", app.DefaultNodeHome()); err != nil {
		fmt.Fprintln(os.Stderr, "Error:", grpcnode.PlainText(osfault.Explain("", err).Error()))
		os.Exit(cmd.ExitCode(err))
	}
}
