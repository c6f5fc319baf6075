// Loads the compose file that is named with the reference implementation of the compose specification, as
// `docker compose config` does: schema, interpolation from the environment, references between services. Writes the
// project as JSON. Profiles are named after the file.
package main

import (
	"context"
	"log"
	"os"

	"github.com/compose-spec/compose-go/v2/cli"
)

func main() {
	options, err := cli.NewProjectOptions(
		[]string{os.Args[1]}, cli.WithOsEnv, cli.WithProfiles(os.Args[2:]), cli.WithName("quantvox"),
	)
	if err != nil {
		log.Fatal(err)
	}
	project, err := options.LoadProject(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	text, err := project.MarshalJSON()
	if err != nil {
		log.Fatal(err)
	}
	os.Stdout.Write(text)
}
