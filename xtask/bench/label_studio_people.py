"""Makes annotators in a Label Studio and prints their tokens, separated by commas.

Usage: label_studio_people.py N, in the environment and with the Python of the running Label Studio.
"""
import os
import pathlib
import sys

import label_studio

# Its modules import each other as if its own folder were the root.
sys.path.insert(0, str(pathlib.Path(label_studio.__file__).parent))
os.environ["DJANGO_SETTINGS_MODULE"] = "core.settings.label_studio"

import django

django.setup()

from organizations.models import Organization
from rest_framework.authtoken.models import Token
from users.models import User

organization = Organization.objects.first()
tokens = []
for number in range(int(sys.argv[1])):
    email = f"person{number}@bench.example"
    person = User.objects.create_user(email=email, username=f"person{number}", password="a long password")
    organization.add_user(person)
    person.active_organization = organization
    person.save(update_fields=["active_organization"])
    tokens.append(Token.objects.get_or_create(user=person)[0].key)
print(",".join(tokens))
