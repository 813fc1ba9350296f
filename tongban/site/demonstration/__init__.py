"""The demonstration district: people, companies, staff, licences and ninety days of cases, made by the acts of the product itself."""
