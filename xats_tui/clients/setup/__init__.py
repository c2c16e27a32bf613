"""Changes to the configuration files of agent programs, shown and asked about before they are made."""
